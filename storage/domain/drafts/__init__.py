"""Drafts of one clip, among which a person chooses."""
