"""Where a model's files lie, and how they are read."""
