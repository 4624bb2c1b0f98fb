"""What is kept of a person: erased on request, exported, and deleted in the end."""
