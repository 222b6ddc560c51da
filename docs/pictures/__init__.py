"""What draws the pictures of the documentation; `screens` is the one to run."""
