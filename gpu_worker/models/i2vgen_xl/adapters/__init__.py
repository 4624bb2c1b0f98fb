"""Low-rank adapters (styles): merged into the UNet's weights, and taken out again to the bit."""
