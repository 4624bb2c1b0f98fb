"""The video model in a child process: its interface, its supervisor and the messages between."""
