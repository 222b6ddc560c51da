"""Orders: the one gateway, the paper venue, the live venues, and the books they fill."""
