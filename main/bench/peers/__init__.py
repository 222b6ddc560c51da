"""The rule in other engines: programs that run alone, in an environment with their own versions."""
