"""Training data: packaged pictures, augmented clips, prompts, and batches of them."""
