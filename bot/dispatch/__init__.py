"""Puts waiting jobs on the queue in a fair order and takes up what was lost."""
