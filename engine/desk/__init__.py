"""Use cases: scan, answer questions, watch positions, and tell a person about them."""
