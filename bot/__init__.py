"""The bot: everything between a person and the queue."""
