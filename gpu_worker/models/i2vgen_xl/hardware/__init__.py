"""The device that a model runs on, its memory, and what was measured on it."""
