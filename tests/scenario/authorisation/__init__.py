"""Who may do what: every command, every button and every use case × every role and stranger."""
