"""Fixtures for the tests of training, evaluation and benchmarks."""

from tests.support.checkpoints import one_thread, stock_like

__all__ = ["one_thread", "stock_like"]
