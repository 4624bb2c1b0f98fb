"""Finding finished clips again."""
