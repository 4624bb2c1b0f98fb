"""The benchmark: the stock pipeline and this engine, measured alternately in one process."""
