"""Fixtures for the tests of training, evaluation and benchmarks."""

from tests.support.checkpoints import moved_like, one_thread, stock_like

__all__ = ["moved_like", "one_thread", "stock_like"]
