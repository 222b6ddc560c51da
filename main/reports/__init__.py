"""Results as files for people: one self-contained page, a picture for a phone, tables, JSON."""
