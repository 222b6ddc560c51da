"""Many variants of one strategy on one history, compiled."""
