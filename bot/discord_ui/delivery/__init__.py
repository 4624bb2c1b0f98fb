"""Keeps each job's message up to date and posts its finished clip."""
