"""APScheduler jobs with one-line bodies; what is due is a pure function."""
