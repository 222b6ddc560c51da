"""Replay over stored candles by the desk's own decision path, and what it measures."""
