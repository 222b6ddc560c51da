"""Statistics of luck: how likely a result is by chance, however often one has tried."""
