"""The second front end: clips from the command line, without any Discord."""
