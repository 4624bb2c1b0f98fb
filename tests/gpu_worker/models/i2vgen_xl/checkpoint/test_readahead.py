"""Weights are read ahead from where they most likely are."""

from __future__ import annotations

from pathlib import Path

from gpu_worker.models.i2vgen_xl.checkpoint.locate import EMBEDDED
from gpu_worker.models.i2vgen_xl.checkpoint.readahead import likely_folder, start_readahead


def test_readahead_ends_by_itself(still_checkpoint: Path) -> None:
    thread = start_readahead(still_checkpoint)
    thread.join(10)
    assert not thread.is_alive()


def test_weights_are_looked_for_where_they_are(still_checkpoint: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--ali--i2v" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    environ = {"HF_HOME": str(tmp_path)}
    assert likely_folder("embedded", environ) == EMBEDDED
    assert likely_folder(str(still_checkpoint), environ) == still_checkpoint
    assert likely_folder("ali/i2v", environ) == snapshot
    assert not likely_folder("ali/other", environ).exists()
