"""Finding clips again, showing them again, and ordering by their settings."""
