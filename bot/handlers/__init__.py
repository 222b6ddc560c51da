"""Parse, authorise, one use case, reply: no text, no SQL, no rules."""
