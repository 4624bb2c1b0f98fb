"""The name of people who are forgotten."""

ANONYMOUS = "(deleted)"
"""Who ordered their jobs, or did what is recorded of them."""
