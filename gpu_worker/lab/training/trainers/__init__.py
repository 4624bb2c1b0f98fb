"""One training loop for each network, with what the loops share."""
