"""Processes of their own for work that may fail: bounded, and ended when it takes too long."""
