"""Sizing, limits and drawdown: how much one trade, and all of them, may lose."""
