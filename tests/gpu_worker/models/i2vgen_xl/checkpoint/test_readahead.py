"""Weights are read ahead in the background."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_worker.models.i2vgen_xl.checkpoint.readahead import start_readahead
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import COMPONENTS


def test_readahead_reads_every_component_and_ends(
    still_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    open_file = Path.open

    def noted(path: Path, *args, **options):  # type: ignore[no-untyped-def]  # passed on
        read.append(path.parent.name)
        return open_file(path, *args, **options)

    monkeypatch.setattr(Path, "open", noted)
    thread = start_readahead(still_checkpoint)
    thread.join(60)
    assert not thread.is_alive()
    assert read == list(COMPONENTS)


def test_a_checkpoint_that_lacks_weights_is_left_to_the_load(tmp_path: Path) -> None:
    thread = start_readahead(tmp_path)
    thread.join(60)
    assert not thread.is_alive()
