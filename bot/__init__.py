"""The chat desk: durable inbox and outbox, handlers, messages, charts, and the terminal."""
