"""The camera: what motion is asked for, and the path of poses that shows it."""
