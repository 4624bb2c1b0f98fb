"""What Discord remembers: guild, messages, commands, interactions and files."""
