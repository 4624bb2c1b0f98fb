"""What a run would take on hardware that is not there."""
