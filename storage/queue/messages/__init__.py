"""What bots and workers write to each other."""
