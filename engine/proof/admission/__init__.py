"""Whether a strategy may be played at all: files that load, and signals that know no future."""
