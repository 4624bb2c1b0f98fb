"""Builds the container images and lets them make a clip."""
