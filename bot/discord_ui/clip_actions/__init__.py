"""What may be done to a finished clip from its message."""
