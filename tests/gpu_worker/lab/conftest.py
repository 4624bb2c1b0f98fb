"""Fixtures for the tests of training, evaluation and benchmarks."""

from tests.support.models import (
    imports_uncollected,
    moved_checkpoint,
    one_thread,
    still_checkpoint,
)

__all__ = ["imports_uncollected", "moved_checkpoint", "one_thread", "still_checkpoint"]
