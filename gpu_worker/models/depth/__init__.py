"""Depth of single pictures, by any of transformers' models for it."""
