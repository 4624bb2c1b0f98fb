"""The models that can be ordered: which of them workers serve now, and what they cost."""
