"""Says within minutes whether everything that a worker needs works on this machine."""
