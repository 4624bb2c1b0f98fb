"""Whole checkpoints with random weights, for tests of plumbing and for the benchmark."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import nn
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from gpu_worker.models.i2vgen_xl.checkpoint import traits
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import (
    ModelSize,
    random_image_encoder,
    random_text_encoder,
    random_unet,
    random_vae,
    randomize_zeros,
)

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
START, END = "<|startoftext|>", "<|endoftext|>"


def write_checkpoint(
    folder: Path,
    size: ModelSize,
    mutoscope: dict[str, Any] | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a checkpoint in the layout of save_pretrained; mutoscope becomes its traits."""
    torch.manual_seed(0)
    components: dict[str, Callable[[ModelSize], nn.Module]] = {
        "unet": random_unet,
        "vae": random_vae,
        "text_encoder": random_text_encoder,
        "image_encoder": random_image_encoder,
    }
    for name, build in components.items():
        # One after the other, so that a device holds only one of them in single precision.
        with torch.device(device):
            model = build(size)
        randomize_zeros(model)
        cast(Any, model).to(dtype).save_pretrained(folder / name)
        del model
    released_scheduler().save_pretrained(folder / "scheduler")
    byte_tokenizer(size).save_pretrained(str(folder / "tokenizer"))
    (folder / "feature_extractor").mkdir(exist_ok=True)
    (folder / "feature_extractor" / "preprocessor_config.json").write_text(
        preprocessor_config(size.crop)
    )
    if mutoscope is not None:
        (folder / traits.FILE).write_text(json.dumps(mutoscope))
    # Written last: where it is, all the others are.
    (folder / "model_index.json").write_text(json.dumps(INDEX))


def released_scheduler() -> DDIMScheduler:
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


def byte_tokenizer(size: ModelSize) -> CLIPTokenizer:
    """Return a tokenizer of single bytes, which takes any prompt."""
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += [f"<unused{number}>" for number in range(size.vocabulary - len(words) - 2)]
    vocabulary = {word: number for number, word in enumerate([*words, START, END])}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=size.tokens)


def preprocessor_config(side: int) -> str:
    """Return the text of a preprocessor_config.json for pictures of `side` pixels."""
    return json.dumps(
        {
            "crop_size": {"height": side, "width": side},
            "image_mean": MEAN,
            "image_std": STD,
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
