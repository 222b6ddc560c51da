"""Alerts: a person's lines on prices, indicators, volume and the book, told once per crossing.

text → ``grammar`` → ``AlertDesk`` keeps it; prices and closed bars → ``facts`` → ``judge`` →
``AlertWatcher`` commits what came true together with the message that tells it.
"""
