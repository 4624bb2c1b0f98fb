"""What files say of where they come from."""
