"""One file a version, each knowing the one before it."""
