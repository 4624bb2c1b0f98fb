"""What the command line orders, read from its arguments."""
