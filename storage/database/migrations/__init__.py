"""The versions of the tables, run by Alembic whenever the database is opened.

A change of storage/database/tables.py needs a new file in versions/; a test compares the two.
"""
