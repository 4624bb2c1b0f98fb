"""The evaluation: clips of the test photographs, measured and laid out to be looked at."""
