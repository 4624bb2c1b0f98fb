"""Components are loaded without waste, and from files of older names too."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.component_loading import load_components, load_weights
from gpu_worker.models.i2vgen_xl.checkpoint.components import Components
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import weight_files

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def components(still_checkpoint: Path) -> Components:
    """Load a tiny checkpoint."""
    return load_components(still_checkpoint, CPU, torch.float32)


def test_no_weight_stays_without_memory(components: Components) -> None:
    for module in (
        components.unet,
        components.vae,
        components.text_encoder,
        components.image_encoder,
    ):
        assert all(not parameter.is_meta for parameter in module.parameters())
        assert all(not buffer.is_meta for buffer in module.buffers())
        assert all(parameter.dtype is torch.float32 for parameter in module.parameters())


def test_weights_of_older_names_are_loaded(
    components: Components, still_checkpoint: Path, tmp_path: Path
) -> None:
    tensors = load_file(weight_files(still_checkpoint / "text_encoder")[0])
    renamed = {f"text_model.{name.removeprefix('text_model.')}": tensors[name] for name in tensors}
    save_file(renamed, tmp_path / "old.safetensors")
    load_weights(components.text_encoder, [tmp_path / "old.safetensors"], CPU, torch.float32)


def test_a_missing_weight_is_named(components: Components, tmp_path: Path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "empty.safetensors")
    with pytest.raises(NotUsable, match="lacks"):
        load_weights(components.vae, [tmp_path / "empty.safetensors"], CPU, torch.float32)
