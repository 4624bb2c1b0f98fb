"""Checkpoints are found, read without waste, and understood in older spellings too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu_worker.models.i2vgen_xl.checkpoint import loading, readahead
from gpu_worker.models.i2vgen_xl.checkpoint import locate as checkpoint

HOST = torch.device("cpu")


def test_a_checkpoint_says_how_it_is_steered(moved_like: Path, stock_like: Path) -> None:
    moved, still = checkpoint.traits(moved_like), checkpoint.traits(stock_like)
    assert (moved.moved, moved.scale, moved.skipped) == (True, 0.12, 0)
    assert (still.moved, still.scale, still.skipped) == (False, 0.0, 1)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        checkpoint.locate(str(tmp_path))


def test_half_precision_files_are_preferred(tmp_path: Path) -> None:
    for name in ("model.safetensors", "model.fp16.safetensors"):
        (tmp_path / name).touch()
    assert checkpoint.weights(tmp_path).name == "model.fp16.safetensors"


def test_no_weight_stays_without_memory(stock_like: Path) -> None:
    parts = loading.load(stock_like, HOST, torch.float32)
    for module in parts.modules().values():
        assert all(not parameter.is_meta for parameter in module.parameters())
        assert all(not buffer.is_meta for buffer in module.buffers())
        assert all(parameter.dtype is torch.float32 for parameter in module.parameters())


def test_weights_under_older_names_are_taken(stock_like: Path, tmp_path: Path) -> None:
    parts = loading.load(stock_like, HOST, torch.float32)
    file = checkpoint.weights(stock_like / "text_encoder")
    tensors = load_file(file)
    renamed = {f"text_model.{name.removeprefix('text_model.')}": tensors[name] for name in tensors}
    save_file(renamed, tmp_path / "old.safetensors")
    loading.fill(parts.text_encoder, tmp_path / "old.safetensors", HOST, torch.float32)


def test_a_missing_weight_is_named(stock_like: Path, tmp_path: Path) -> None:
    parts = loading.load(stock_like, HOST, torch.float32)
    save_file({"nothing": torch.zeros(1)}, tmp_path / "empty.safetensors")
    with pytest.raises(KeyError, match="lacks"):
        loading.fill(parts.vae, tmp_path / "empty.safetensors", HOST, torch.float32)


def test_reading_ahead_ends_by_itself(stock_like: Path) -> None:
    thread = readahead.start(stock_like)
    thread.join(10)
    assert not thread.is_alive()


def test_weights_are_looked_for_where_they_lie(stock_like: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--ali--i2v" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    environ = {"HF_HOME": str(tmp_path)}
    assert readahead.guess("embedded", environ) == checkpoint.EMBEDDED
    assert readahead.guess(str(stock_like), environ) == stock_like
    assert readahead.guess("ali/i2v", environ) == snapshot
    assert not readahead.guess("ali/other", environ).exists()


def test_a_worker_starts_to_read_before_it_imports() -> None:
    code = (
        "import sys; from gpu_worker.models import starting;"
        "from gpu_worker.models.i2vgen_xl.checkpoint import readahead;"
        "readahead.start = lambda folder: sys.exit('torch' in sys.modules or folder.name);"
        "starting.create('embedded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "embedded"
