"""Training, evaluation and benchmarks; nothing here is imported at run time."""
