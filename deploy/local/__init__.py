"""Everything on one machine, with no account anywhere."""
