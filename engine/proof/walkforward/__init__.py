"""Training on the past, trading the unseen, window after window."""
