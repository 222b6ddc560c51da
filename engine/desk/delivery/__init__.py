"""How people are told: loudness, quiet, mutes, the digest, dead letters, jobs."""
