"""The use cases that every front end shares: orders, options, events and cleanup."""
