"""Rules of the shipped trend strategy; unlike those in ``engine.strategy.rules`` they count days.

A horizon in days means the same on every timeframe, so a rule here tells by ``at(timeframe)`` what
it is on other bars. The rules belong to one strategy and take no part in the score of the eight.
"""
