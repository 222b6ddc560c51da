"""Market data: collecting, the candle firewall, history, files, simulated and replayed venues."""
