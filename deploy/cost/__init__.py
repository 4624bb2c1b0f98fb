"""What on-demand workers cost beside a fixed card: `python -m deploy.cost`."""
