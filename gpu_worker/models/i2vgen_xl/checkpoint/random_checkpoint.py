"""Whole checkpoints with random weights, for tests of plumbing and for the benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers.pipelines.deprecated.i2vgen_xl.pipeline_i2vgen_xl import I2VGenXLPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
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

START, END = "<|startoftext|>", "<|endoftext|>"


def write_checkpoint(
    folder: Path,
    size: ModelSize,
    mutoscope: dict[str, Any] | None = None,
    device: str = "cpu",
) -> None:
    """Write a checkpoint in half precision, as save_pretrained does; mutoscope are its traits."""
    torch.manual_seed(0)
    modules = {}
    for name, build in {
        "unet": random_unet,
        "vae": random_vae,
        "text_encoder": random_text_encoder,
        "image_encoder": random_image_encoder,
    }.items():
        # One after the other, so that a device holds only one of them in single precision.
        with torch.device(device):
            model = build(size)
        randomize_zeros(model)
        modules[name] = model.half()
    pipeline = I2VGenXLPipeline(
        **modules,
        tokenizer=byte_tokenizer(size),
        feature_extractor=CLIPImageProcessorPil(
            size={"shortest_edge": size.crop}, crop_size={"height": size.crop, "width": size.crop}
        ),
        scheduler=released_scheduler(),
    )
    if mutoscope is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / traits.FILE).write_text(json.dumps(mutoscope))
    # It writes model_index.json last: where that is, all the others are.
    pipeline.save_pretrained(folder)


def released_scheduler() -> DDIMScheduler:
    """Return the scheduler that the full checkpoint was released with."""
    return DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        clip_sample=False,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        set_alpha_to_one=True,
        steps_offset=1,
        timestep_spacing="leading",
    )


def byte_tokenizer(size: ModelSize) -> CLIPTokenizer:
    """Return a tokenizer of single bytes, which takes any prompt."""
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += [f"<unused{number}>" for number in range(size.vocabulary - len(words) - 2)]
    vocabulary = {word: number for number, word in enumerate([*words, START, END])}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=size.tokens)
