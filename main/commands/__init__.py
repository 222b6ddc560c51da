"""One module per command word, each with a Typer ``app``; imported only when called."""
