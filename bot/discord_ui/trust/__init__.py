"""Where and with what rights people act, and what servers' managers and moderators do."""
