"""Whether a strategy earns money, or only looks like it: overfitting, benchmarks, the gate."""
