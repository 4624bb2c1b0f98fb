"""Blank: a whole checkpoint with random weights, for tests of plumbing and for the benchmark."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import nn
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from gpu_worker.models.i2vgen_xl.checkpoint import sizes
from gpu_worker.models.i2vgen_xl.checkpoint.locate import TRAITS

MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)
START, END = "<|startoftext|>", "<|endoftext|>"


def write(
    folder: Path,
    size: sizes.Size,
    traits: dict[str, Any] | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a checkpoint in the layout of save_pretrained; traits become its mutoscope.json."""
    torch.manual_seed(0)
    makers: dict[str, Callable[[sizes.Size], nn.Module]] = {
        "unet": sizes.unet,
        "vae": sizes.autoencoder,
        "text_encoder": sizes.text_encoder,
        "image_encoder": sizes.image_encoder,
    }
    for name, make in makers.items():
        # One after the other, so that a device holds only one of them in single precision.
        with torch.device(device):
            model = make(size)
        sizes.shake(model)
        cast(Any, model).to(dtype).save_pretrained(folder / name)
        del model
    scheduler().save_pretrained(folder / "scheduler")
    tokenizer(size).save_pretrained(str(folder / "tokenizer"))
    (folder / "feature_extractor").mkdir(exist_ok=True)
    (folder / "feature_extractor" / "preprocessor_config.json").write_text(eye(size.crop))
    if traits is not None:
        (folder / TRAITS).write_text(json.dumps(traits))
    # Last, since it tells that all the others are there.
    (folder / "model_index.json").write_text(json.dumps(INDEX))


def scheduler() -> DDIMScheduler:
    """Return the scheduler that the full checkpoint was released with."""
    made: Any = DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        clip_sample=False,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        set_alpha_to_one=True,
        steps_offset=1,
        timestep_spacing="leading",
    )
    return cast(DDIMScheduler, made)


def tokenizer(size: sizes.Size) -> CLIPTokenizer:
    """Return a tokenizer of single bytes, which fails at no prompt."""
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += [f"<unused{number}>" for number in range(size.words - len(words) - 2)]
    vocabulary = {word: number for number, word in enumerate([*words, START, END])}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=size.length)


def eye(side: int) -> str:
    """Return the configuration of a picture processor, as its file holds it."""
    return json.dumps(
        {
            "crop_size": {"height": side, "width": side},
            "image_mean": MEAN,
            "image_std": DEVIATION,
            "image_processor_type": "CLIPImageProcessor",
            "size": {"shortest_edge": side},
        }
    )


INDEX = {
    "_class_name": "I2VGenXLPipeline",
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "I2VGenXLUNet"],
    "vae": ["diffusers", "AutoencoderKL"],
}
