"""What the bot and the GPU workers agree on, and where it is kept."""
