"""What a member can do, with the checks of Discord's own client."""
