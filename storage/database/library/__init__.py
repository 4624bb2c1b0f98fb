"""Finding finished clips again: a person's clips page by page, and what was made from what."""
