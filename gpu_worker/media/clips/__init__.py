"""Clips as files of many frames: read, cut, laid side by side."""
