"""What one model can do, how its pipeline is called, and what its work costs."""
