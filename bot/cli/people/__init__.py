"""`mutoscope export`, `forget`, `ban`, `unban` and `bans`: what an operator does for any person."""
