"""Trains and measures the small network that upscales clips."""
