"""Repositories: each module keeps the contract of one or a few stores of ``engine.ports``."""
