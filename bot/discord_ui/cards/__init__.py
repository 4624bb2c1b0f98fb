"""What the message of one job shows."""
