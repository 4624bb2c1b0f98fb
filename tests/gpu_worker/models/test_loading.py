"""Checkpoints are found, read without waste, and understood in older spellings too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu_worker.models.i2vgen_xl.checkpoint import components, locate, readahead
from gpu_worker.models.i2vgen_xl.checkpoint.traits import read_traits

HOST = torch.device("cpu")


def test_a_checkpoint_says_how_it_is_steered(moved_like: Path, stock_like: Path) -> None:
    moved, still = read_traits(moved_like), read_traits(stock_like)
    assert (moved.moved, moved.residual_scale, moved.clip_skip) == (True, 0.12, 0)
    assert (still.moved, still.residual_scale, still.clip_skip) == (False, 0.0, 1)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        locate.locate(str(tmp_path))


def test_half_precision_files_are_preferred(tmp_path: Path) -> None:
    for name in ("model.safetensors", "model.fp16.safetensors"):
        (tmp_path / name).touch()
    assert locate.weight_file(tmp_path).name == "model.fp16.safetensors"


def test_no_weight_stays_without_memory(stock_like: Path) -> None:
    loaded = components.load_components(stock_like, HOST, torch.float32)
    for module in (loaded.unet, loaded.vae, loaded.text_encoder, loaded.image_encoder):
        assert all(not parameter.is_meta for parameter in module.parameters())
        assert all(not buffer.is_meta for buffer in module.buffers())
        assert all(parameter.dtype is torch.float32 for parameter in module.parameters())


def test_weights_under_older_names_are_taken(stock_like: Path, tmp_path: Path) -> None:
    loaded = components.load_components(stock_like, HOST, torch.float32)
    file = locate.weight_file(stock_like / "text_encoder")
    tensors = load_file(file)
    renamed = {f"text_model.{name.removeprefix('text_model.')}": tensors[name] for name in tensors}
    save_file(renamed, tmp_path / "old.safetensors")
    components.load_weights(loaded.text_encoder, tmp_path / "old.safetensors", HOST, torch.float32)


def test_a_missing_weight_is_named(stock_like: Path, tmp_path: Path) -> None:
    loaded = components.load_components(stock_like, HOST, torch.float32)
    save_file({"nothing": torch.zeros(1)}, tmp_path / "empty.safetensors")
    with pytest.raises(KeyError, match="lacks"):
        components.load_weights(loaded.vae, tmp_path / "empty.safetensors", HOST, torch.float32)


def test_reading_ahead_ends_by_itself(stock_like: Path) -> None:
    thread = readahead.start_readahead(stock_like)
    thread.join(10)
    assert not thread.is_alive()


def test_weights_are_looked_for_where_they_lie(stock_like: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--ali--i2v" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    environ = {"HF_HOME": str(tmp_path)}
    assert readahead.likely_folder("embedded", environ) == locate.EMBEDDED
    assert readahead.likely_folder(str(stock_like), environ) == stock_like
    assert readahead.likely_folder("ali/i2v", environ) == snapshot
    assert not readahead.likely_folder("ali/other", environ).exists()


def test_a_worker_starts_to_read_before_it_imports() -> None:
    code = (
        "import sys; from gpu_worker.models import registry;"
        "registry.start_readahead = lambda folder: sys.exit('torch' in sys.modules or folder.name);"
        "registry.create('embedded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "embedded"
