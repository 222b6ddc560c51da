"""Signals, score and the compiled step that decides; pure, and nothing else decides."""
