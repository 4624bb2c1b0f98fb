"""The four untrained networks of the embedded checkpoint."""
