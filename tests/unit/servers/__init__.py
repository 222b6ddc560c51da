"""The loopback servers answer as the real services do."""
