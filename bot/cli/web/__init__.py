"""`mutoscope web`: the page in a browser."""
