"""Messages about a job beside its answer."""
