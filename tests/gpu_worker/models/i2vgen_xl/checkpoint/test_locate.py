"""Checkpoints and their weight files are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotUsable):
        locate(str(tmp_path))


@pytest.mark.parametrize("source", ["./weights", "../weights", "~/weights", "weights", "a/b/c"])
def test_a_folder_that_is_not_there_is_no_hub_id(source: str) -> None:
    with pytest.raises(NotUsable, match="there is no folder"):
        locate(source)
