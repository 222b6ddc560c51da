"""What the money did, and what came of saying no: portfolio, trades, exports, evidence, vetoes."""
