"""Routing and cooldowns: what may go by itself, what a person is asked, what rests."""
