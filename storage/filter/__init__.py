"""Looks at pictures and frames for what is not to be shown, in a process of its own."""
