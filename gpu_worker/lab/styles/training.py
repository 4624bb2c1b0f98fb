"""Trains an adapter of the embedded model that gives what a path uncovers a look."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gpu_worker.lab.styles import low_rank
from gpu_worker.lab.styles.looks import Look
from gpu_worker.lab.training.data import latent_dataset
from gpu_worker.lab.training.data.batches import BatchSampler, CropShape, TrainingBatch
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.data.latent_dataset import LatentDataset
from gpu_worker.lab.training.data.prompt_sampler import PromptSampler, families
from gpu_worker.lab.training.networks import unet as networks
from gpu_worker.lab.training.trainers.losses import residual_loss
from gpu_worker.models.i2vgen_xl.checkpoint.component_loading import load_components
from gpu_worker.models.i2vgen_xl.checkpoint.components import Components
from gpu_worker.models.i2vgen_xl.checkpoint.locate import EMBEDDED

RATE = 3e-3
RANK = 8
SEED = 41
CROPS = (CropShape(16, 4, 8, 1.0),)
HELD_OUT = 4  # batches
HELD_OUT_CLIPS = 16


@dataclass(frozen=True)
class StyleReport:
    """How long a training took, and the loss on clips that it did not see, before and after."""

    steps: int
    before: float
    after: float


def train(
    file: Path,
    images: ImageDataset,
    look: Look,
    *,
    seconds: float,
    clips: int,
    log: Callable[[str], None] = print,
) -> StyleReport:
    """Train for so long on so many clips with the look, and write the adapter."""
    torch.manual_seed(SEED)
    components = load_components(EMBEDDED, torch.device("cpu"), torch.float32)
    datasets = _datasets(components, images, look, clips)
    log(f"{clips} clips are encoded")
    unet = networks.build()
    unet.load_state_dict(components.unet.state_dict())
    trained = low_rank.add_changes(unet, RANK)
    samplers = [
        BatchSampler(one, PromptSampler(families()), components.tokenizer, CROPS)
        for one in datasets
    ]
    held_out = [samplers[1].draw(number) for number in range(HELD_OUT)]
    before = _loss(unet, components, held_out)
    steps = _take_steps(unet, components, samplers[0], trained=trained, seconds=seconds, log=log)
    low_rank.save(unet, file)
    return StyleReport(steps, before, _loss(unet, components, held_out))


def _datasets(
    components: Components, images: ImageDataset, look: Look, count: int
) -> tuple[LatentDataset, LatentDataset]:
    """Return clips to train on and others, whose true frames have the look, and no moved one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vae, encoder = components.vae, components.image_encoder
        latent_dataset.fill(folder, count + HELD_OUT_CLIPS, images, vae, encoder, look=look)
        known, unseen = LatentDataset(folder), LatentDataset(folder)
    known.pairs, unseen.pairs = known.pairs[:-HELD_OUT_CLIPS], unseen.pairs[-HELD_OUT_CLIPS:]
    return known, unseen


def _take_steps(
    unet: nn.Module,
    components: Components,
    sampler: BatchSampler,
    *,
    trained: Sequence[nn.Parameter],
    seconds: float,
    log: Callable[[str], None],
) -> int:
    optimizer, steps = torch.optim.AdamW(trained, RATE, weight_decay=0.0), 0
    began = time.monotonic()
    while (share := (time.monotonic() - began) / seconds) < 1.0 or steps == 0:
        for group in optimizer.param_groups:
            group["lr"] = RATE * max(0.02, 1.0 - share)
        batch, noise = sampler.draw(steps), torch.Generator().manual_seed(SEED + steps)
        loss = residual_loss(unet, components.text_encoder, batch, noise)
        loss.value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
        if steps % 50 == 0:
            log(f"step {steps}: loss {loss.value.item():.3f}")
    return steps


@torch.no_grad()
def _loss(unet: nn.Module, components: Components, batches: Sequence[TrainingBatch]) -> float:
    losses = []
    for number, batch in enumerate(batches):
        noise = torch.Generator().manual_seed(number)
        found = residual_loss(unet, components.text_encoder, batch, noise)
        losses.append(found.value.item())
    return float(np.mean(losses))
