"""What front ends do with the jobs that they show: follow them, and deliver their ends."""
