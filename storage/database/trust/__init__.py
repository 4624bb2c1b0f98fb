"""The tables of servers' settings and of the audit log."""
