"""Discord: the only room that knows discord.py."""
