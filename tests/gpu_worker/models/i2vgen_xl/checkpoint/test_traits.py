"""A checkpoint's traits are read from its file, and are the released one's where it has none."""

from pathlib import Path

from gpu_worker.models.i2vgen_xl.checkpoint.traits import Traits, read_traits


def test_traits_are_read(moved_checkpoint: Path, still_checkpoint: Path) -> None:
    moved = Traits(moved=True, residual_scale=0.12, fills_uncovered=False, clip_skip=0)
    assert read_traits(moved_checkpoint) == moved
    still = Traits(moved=False, residual_scale=0.0, fills_uncovered=False, clip_skip=1)
    assert read_traits(still_checkpoint) == still
