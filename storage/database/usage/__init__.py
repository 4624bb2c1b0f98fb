"""Sums by server, day, person and model, and what is read from them."""
