"""A broken checkpoint is refused in one line that names the file and the cause."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import weight_files
from gpu_worker.models.i2vgen_xl.loading import EngineOptions, load_pipeline
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations

Break = Callable[[Path], None]

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"


def removed(name: str) -> Break:
    """Remove a file or a folder."""

    def act(folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    return act


def written(name: str, data: bytes) -> Break:
    """Write other bytes into a file."""
    return lambda folder: _discard((folder / name).write_bytes(data))


def truncated(name: str, share: float) -> Break:
    """Keep only the first part of a file."""

    def act(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(share * len(data))])

    return act


def configured(name: str, **values: Any) -> Break:
    """Change values of a JSON file; None takes one out."""

    def act(folder: Path) -> None:
        config = json.loads((folder / name).read_text()) | values
        kept = {key: value for key, value in config.items() if value is not None}
        (folder / name).write_text(json.dumps(kept))

    return act


def weighed(name: str, change: Callable[[dict[str, torch.Tensor]], None]) -> Break:
    """Change the tensors of a file."""

    def act(folder: Path) -> None:
        tensors = load_file(folder / name)
        change(tensors)
        save_file(tensors, folder / name)

    return act


def first(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[dict[str, Any]], None]:
    """Change the first tensor of a file."""

    def act(tensors: dict[str, torch.Tensor]) -> None:
        name = min(tensors)
        tensors[name] = change(tensors[name])

    return act


def lost(tensors: dict[str, torch.Tensor]) -> None:
    """Take the first two tensors out."""
    for name in sorted(tensors)[:2]:
        del tensors[name]


def shard_lost(folder: Path) -> None:
    """Leave the second of three shards."""
    (folder / UNET).rename(folder / UNET.replace(".safetensors", "-00002-of-00003.safetensors"))


def as_folder(folder: Path) -> None:
    """Put a folder where the weights were."""
    (folder / UNET).unlink()
    (folder / UNET).mkdir()


def as_pickle(folder: Path) -> None:
    """Keep the weights in a pickle only."""
    torch.save(load_file(folder / UNET), folder / "unet/diffusion_pytorch_model.bin")
    (folder / UNET).unlink()


def _discard(_value: object) -> None:
    return None


SCHEDULER = "scheduler/scheduler_config.json"
PREPROCESSOR = "feature_extractor/preprocessor_config.json"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 2840000000\n"

BROKEN: dict[str, tuple[Break, str, str]] = {
    "no unet": (removed("unet"), "unet/config.json", "no checkpoint"),
    "no vae": (removed("vae"), "vae/config.json", "missing"),
    "no text encoder": (removed("text_encoder/config.json"), "text_encoder/config.json", "missing"),
    "no image encoder": (removed("image_encoder"), "image_encoder/config.json", "missing"),
    "no tokenizer": (removed("tokenizer"), "tokenizer", "missing"),
    "no scheduler": (removed("scheduler"), SCHEDULER, "missing"),
    "no feature extractor": (removed("feature_extractor"), PREPROCESSOR, "missing"),
    "no weights": (removed(UNET), "unet", "no .safetensors file"),
    "weights in a pickle": (as_pickle, "unet", "convert them to safetensors"),
    "a folder as weights": (as_folder, UNET, "directory"),
    "an empty file": (written(UNET, b""), UNET, "empty"),
    "a pointer of Git LFS": (written(UNET, POINTER), UNET, "git lfs pull"),
    "a page of a proxy": (written(UNET, b"<!doctype html><title>Log in</title>"), UNET, "damaged"),
    "a truncated header": (truncated(UNET, 0.001), UNET, "not all there"),
    "truncated weights": (truncated(UNET, 0.8), UNET, "not all there"),
    "one byte short": (truncated(VAE, 0.99999), VAE, "not all there"),
    "a lost shard": (shard_lost, "-00001-of-00003.safetensors", "missing"),
    "lost weights": (weighed(UNET, lost), UNET, "and 1 more"),
    "a shape that does not fit": (weighed(UNET, first(lambda one: one[:-1])), UNET, "shape"),
    "whole numbers": (weighed(UNET, first(lambda one: one.to(torch.int8))), UNET, "int8"),
    "no numbers": (weighed(UNET, first(lambda one: one * torch.nan)), UNET, "no numbers"),
    "infinite numbers": (weighed(UNET, first(lambda one: one / 0)), UNET, "no numbers"),
    "no JSON": (written("unet/config.json", b'{"sample_size": 32,'), "unet/config.json", ""),
    "no UTF-8": (written("vae/config.json", b"\xff\xfe{}"), "vae/config.json", "codec"),
    "a JSON list": (written("vae/config.json", b"[]"), "vae/config.json", "no JSON object"),
    "another model's UNet": (
        configured("unet/config.json", _class_name="UNetSpatioTemporalConditionModel"),
        "unet/config.json",
        "another model's folder",
    ),
    "an unknown block": (
        configured("unet/config.json", down_block_types=["Nothing", "DownBlock3D"]),
        "unet/config.json",
        "Nothing",
    ),
    "another width": (
        configured("text_encoder/config.json", hidden_size=24),
        "text_encoder/config.json",
        "hidden_size is 24",
    ),
    "text as a number": (
        configured("text_encoder/config.json", hidden_size="wide"),
        "text_encoder/config.json",
        "wide",
    ),
    "other latents": (configured("vae/config.json", latent_channels=16), "unet/config.json", "16"),
    "another projection": (
        configured("image_encoder/config.json", projection_dim=8),
        "image_encoder/config.json",
        "projection_dim is 8",
    ),
    "too few words": (
        configured("text_encoder/config.json", vocab_size=100),
        "tokenizer",
        "vocab_size of 100",
    ),
    "a damaged tokenizer": (written("tokenizer/tokenizer.json", b"{}"), "tokenizer", ""),
    "an unknown target": (configured(SCHEDULER, prediction_type="x"), SCHEDULER, "v_prediction"),
    "an unknown schedule": (configured(SCHEDULER, beta_schedule="x"), SCHEDULER, ""),
    "no steps": (configured(SCHEDULER, num_train_timesteps=0), SCHEDULER, ""),
    "no mean": (configured(PREPROCESSOR, image_mean=None), PREPROCESSOR, "image_mean"),
    "another crop": (configured(PREPROCESSOR, crop_size={"height": 8}), PREPROCESSOR, "8"),
    "odd traits": (
        written("mutoscope.json", b'{"target": "residual", "residual_scale": "wide"}'),
        "mutoscope.json",
        "wide",
    ),
}  # fmt: skip


def load(folder: Path) -> None:
    """Load a checkpoint as the engine does."""
    options = EngineOptions(device="cpu", optimizations=Optimizations(compiled=False))
    with ThreadPoolExecutor(1) as pool:
        load_pipeline(locate(str(folder)), options, pool)


@pytest.fixture
def folder(still_checkpoint: Path, tmp_path: Path) -> Path:
    """Return a copy of a good checkpoint."""
    return Path(shutil.copytree(still_checkpoint, tmp_path / "a checkpoint"))


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_checkpoint_is_refused_in_one_line(folder: Path, kind: str) -> None:
    break_it, file, cause = BROKEN[kind]
    break_it(folder)
    with pytest.raises(NotUsable) as refused:
        load(folder)
    line = str(refused.value)
    assert "\n" not in line
    assert len(line) < 700
    assert str(folder) in line
    assert file in line
    assert cause in line


def test_the_good_checkpoint_is_loaded(folder: Path) -> None:
    load(folder)


def test_shards_without_their_index_are_loaded(folder: Path) -> None:
    weights = load_file(folder / UNET)
    names = sorted(weights)
    for number in range(3):
        part = {name: weights[name] for name in names[number::3]}
        save_file(part, folder / f"unet/weights-{number + 1:05}-of-00003.safetensors")
    (folder / UNET).unlink()
    load(folder)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["a.safetensors", "a.fp16.safetensors"], ["a.fp16.safetensors"]),
        (["a.safetensors", "a.fp16-00001-of-00002.safetensors"], ["a.safetensors"]),
        (
            [*(f"a.fp16-0000{n}-of-00002.safetensors" for n in (2, 1)), "a.safetensors"],
            [f"a.fp16-0000{n}-of-00002.safetensors" for n in (1, 2)],
        ),
        (
            [f"a-0000{n}-of-00002.fp16.safetensors" for n in (1, 2)]
            + [f"a-0000{n}-of-00003.safetensors" for n in (1, 2, 3)],
            [f"a-0000{n}-of-00002.fp16.safetensors" for n in (1, 2)],
        ),
    ],
)
def test_a_complete_set_is_chosen_in_half_precision_first(
    tmp_path: Path, names: list[str], chosen: list[str]
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in weight_files(tmp_path)] == chosen
