"""Who is at the page: the person at this machine, a login, or whom a reverse proxy names."""
