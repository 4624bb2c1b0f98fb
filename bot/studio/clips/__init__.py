"""What may be done to a finished clip, and as options of an order."""
