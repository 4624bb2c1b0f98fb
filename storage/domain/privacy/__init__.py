"""Values of what is to be deleted."""
