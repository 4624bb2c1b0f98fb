"""A broken folder is refused in one line that names the file and the cause."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu_worker.engine.api import NotUsable
from tests.gpu_worker.models.diffusers_pipeline.conftest import make_engine
from tests.support.catalogue.admission import CATALOGUE

Break = Callable[[Path], None]

INDEX = "model_index.json"
VAE = "vae/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 2840000000\n"


def removed(name: str) -> Break:
    def act(folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    return act


def written(name: str, data: bytes) -> Break:
    def act(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return act


def truncated(name: str, share: float) -> Break:
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
        save_file(tensors, folder / name, metadata={"format": "pt"})

    return act


def lose_two(tensors: dict[str, torch.Tensor]) -> None:
    for name in sorted(tensors)[:2]:
        del tensors[name]


def widen_one(tensors: dict[str, torch.Tensor]) -> None:
    name = next(one for one in sorted(tensors) if tensors[one].ndim > 1)
    tensors[name] = torch.cat([tensors[name]] * 2)


def as_pickle(folder: Path) -> None:
    torch.save(load_file(folder / VAE), folder / "vae/diffusion_pytorch_model.bin")
    (folder / VAE).unlink()


def shard_lost(folder: Path) -> None:
    (folder / VAE).rename(folder / VAE.replace(".safetensors", "-00002-of-00003.safetensors"))


BROKEN: dict[str, tuple[Break, str, str]] = {
    "index no JSON": (written(INDEX, b"{"), INDEX, "cannot be used"),
    "index a list": (written(INDEX, b"[]"), INDEX, "holds no JSON object"),
    "index without a class": (configured(INDEX, _class_name=None), INDEX, "_class_name"),
    "class a list": (configured(INDEX, _class_name=["my", "Code"]), INDEX, "no class of diffusers"),
    "code of its own": (configured(INDEX, vae=["my_code", "Vae"]), INDEX, "neither diffusers'"),
    "component unnamed": (configured(INDEX, vae=None), INDEX, "names no vae, which"),
    "class unknown": (configured(INDEX, vae=["diffusers", "Nothing"]), "vae", "no class Nothing"),
    "another class": (
        configured(INDEX, vae=["diffusers", "AutoencoderKL"]),
        "vae",
        "",
    ),
    "no transformer": (removed("transformer"), "transformer", "is missing"),
    "no config": (removed("vae/config.json"), "vae/config.json", "is missing"),
    "config no JSON": (written("vae/config.json", b"{,"), "vae/config.json", "cannot be used"),
    "config of another size": (
        configured("transformer/config.json", cross_attention_dim=48),
        "transformer",
        "",
    ),
    "no weights": (removed(VAE), "vae", "holds no weights"),
    "weights empty": (written(VAE, b""), VAE, "is empty"),
    "weights a pointer": (written(VAE, POINTER), VAE, "git lfs pull"),
    "weights cut off": (truncated(VAE, 0.5), VAE, "cannot be used"),
    "weights noise": (written(TEXT, b"\xff" * 999), TEXT, "cannot be used"),
    "weights pickled": (as_pickle, "vae", ".bin"),
    "a shard lost": (shard_lost, "-00001-of-00003.safetensors", "is missing"),
    "two weights lost": (weighed(VAE, lose_two), "vae", "and 1 more weights"),
    "text weights lost": (weighed(TEXT, lose_two), "text_encoder", "lacks"),
    "a weight too large": (weighed(VAE, widen_one), "vae", ""),
    "no tokenizer": (removed("tokenizer"), "tokenizer", "is missing"),
    "no words": (removed("tokenizer/tokenizer.json"), "tokenizer", "holds no vocabulary"),
    "tokenizer noise": (written("tokenizer/tokenizer.json", b"\0"), "tokenizer", "cannot be used"),
    "no scheduler": (
        removed("scheduler/scheduler_config.json"),
        "scheduler",
        "cannot be used",
    ),
    "scheduler no JSON": (
        written("scheduler/scheduler_config.json", b"{"),
        "scheduler",
        "cannot be used",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_folder_is_named_in_one_line(
    folder_of: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    break_it, file, cause = BROKEN[kind]
    folder = tmp_path / "model"
    shutil.copytree(folder_of("LTXPipeline"), folder)
    break_it(folder)
    with pytest.raises(NotUsable) as caught:
        make_engine(folder, CATALOGUE.models["ltx-video"]).load()
    text = str(caught.value)
    assert "\n" not in text
    assert f"{folder}/{file}" in text or (file.startswith("-") and file in text)
    assert cause in text
    assert len(text) < 600
