"""The pure fill model, shared by the paper venue and the backtest."""
