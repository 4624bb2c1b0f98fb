"""Where a checkpoint's files are, and how they are read."""
