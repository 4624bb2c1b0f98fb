"""The benchmark: the stock pipeline against this engine, in one process, turn by turn."""
