"""Clips that are made of several: extensions of finished ones, and stories."""
