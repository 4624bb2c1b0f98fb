"""The denoising loop: schedule, solvers, and how the camera's path enters it."""
