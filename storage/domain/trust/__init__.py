"""Who may do what where: places, the settings of servers, and what is recorded of changes."""
