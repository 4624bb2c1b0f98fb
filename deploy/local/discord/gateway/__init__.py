"""The bot's WebSocket: sessions and connections."""
