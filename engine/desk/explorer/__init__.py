"""Looking around on the market: ranked lists, explanations of any close, costs, timeframes."""
