"""A picture as a scene with depth: what a camera that moves through it sees."""
