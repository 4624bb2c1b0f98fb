"""A person's account at the page: their credits, a copy of their data, and the end of it."""
