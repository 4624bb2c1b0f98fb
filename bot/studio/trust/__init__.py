"""What servers and operators decide about orders, and the record of it."""
