"""What people, servers and the whole service used, for whoever may know it."""
