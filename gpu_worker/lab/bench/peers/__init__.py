"""Other programs that run this model, compared where they are installed."""
