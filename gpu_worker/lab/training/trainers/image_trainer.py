"""Trains the image encoder by contrast: views of one picture are near, others are far."""

import numpy as np
import torch
from torch import nn
from transformers import CLIPVisionModelWithProjection

from gpu_worker.lab.training.data import augmentation
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.networks.image_encoder import SIDE, build, embed
from gpu_worker.lab.training.trainers.network_trainer import NetworkTrainer
from gpu_worker.lab.training.trainers.training_run import TrainingRun
from gpu_worker.media.frames import Frame, Frames

PEAK_RATE = 1e-3
BATCH = 24
TEMPERATURE = 10.0
SEED = 29


def train(run: TrainingRun, images: ImageDataset) -> CLIPVisionModelWithProjection:
    """Train until time is up."""
    torch.manual_seed(SEED)
    model = build()
    trainer = NetworkTrainer(run, model, PEAK_RATE)

    def make(rng: np.random.Generator) -> tuple[Frames, Frames]:
        chosen = rng.choice(len(images.images), BATCH, replace=False)
        pictures = [images.images[number] for number in chosen]
        first, second = (np.stack([_random_view(p, rng) for p in pictures]) for _ in range(2))
        return first, second

    for first, second in run.batches(make, SEED):
        one, two = (nn.functional.normalize(embed(model, v), dim=-1) for v in (first, second))
        similarity = one @ two.T * TEMPERATURE
        same = torch.arange(BATCH)
        cross_entropy = nn.functional.cross_entropy
        loss = cross_entropy(similarity, same) + cross_entropy(similarity.T, same)
        trainer.step(loss)
        if run.logs_every(50):
            run.log(loss=float(loss.detach()))
        trainer.save()
    return model


def _random_view(image: Frame, rng: np.random.Generator) -> Frame:
    return augmentation.flip_and_recolour(augmentation.random_crop(image, SIDE, rng, SIDE), rng)
