"""The database of jobs and what they cost; the only package that contains SQL."""
