"""What a score is worth: outcomes of the past, by score, direction and regime."""
