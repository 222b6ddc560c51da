"""The cost model: what a round trip costs at a size, in basis points."""
