"""Every HTTP route: the bot's REST API, the members' API, and control by tests."""
