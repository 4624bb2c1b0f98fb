"""The form of an order, and what is done with what was filled in."""
