"""The inbox: everything that waits for a person, from every area, in one list."""
