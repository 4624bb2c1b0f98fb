"""What was used in the last days: by day, by person or server, and by model."""
