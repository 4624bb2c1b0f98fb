"""Interactions, and what a bot responds to them."""
