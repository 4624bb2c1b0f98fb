"""Ordering again by the settings that a clip's file holds."""
