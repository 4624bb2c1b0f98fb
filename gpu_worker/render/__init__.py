"""Full-size clips of a moving camera: the picture, what continues it, and frames on demand."""
