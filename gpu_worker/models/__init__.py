"""Video models; together with training, the only room of the worker that knows torch."""
