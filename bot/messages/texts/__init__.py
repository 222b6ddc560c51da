"""Language files: every fixed word of the chat, by dotted name."""
