"""Checkpoints and their weight files are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate, weight_file


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        locate(str(tmp_path))


def test_half_precision_files_are_preferred(tmp_path: Path) -> None:
    for name in ("model.safetensors", "model.fp16.safetensors"):
        (tmp_path / name).touch()
    assert weight_file(tmp_path).name == "model.fp16.safetensors"
