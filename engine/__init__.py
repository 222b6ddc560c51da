"""The trading engine: a functional core (domain, strategy, costs, risk, fills) in a thin shell."""
