"""Trains the denoiser and keeps a running average of its weights."""

import copy
from typing import Any

import numpy as np
import torch

from gpu_worker.lab.training.data.batches import SEED, BatchSampler, TrainingBatch
from gpu_worker.lab.training.networks.unet import build
from gpu_worker.lab.training.trainers.losses import ResidualLoss, residual_loss
from gpu_worker.lab.training.trainers.network_trainer import NetworkTrainer
from gpu_worker.lab.training.trainers.training_run import TrainingRun

PEAK_RATE = 2e-3
AVERAGING = 0.997


class DenoiserTrainer:
    """The denoiser and its running average, resumed where they were saved."""

    def __init__(self, run: TrainingRun, encoder: Any, device: torch.device):
        """Build or resume the denoiser; encoder is the trained text encoder."""
        torch.manual_seed(SEED)
        self.run, self.device = run, device
        self.encoder = encoder.to(device)
        self.model = build().to(device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.trainer = NetworkTrainer(run, self.model, PEAK_RATE)
        if self.trainer.state is not None:
            self.average.load_state_dict(self.trainer.state["average"])

    def train(self, sampler: BatchSampler) -> None:
        """Train until time is up."""
        run = self.run
        recent: list[ResidualLoss] = []

        def make(rng: np.random.Generator) -> TrainingBatch:
            return sampler.draw(int(rng.integers(2**31)))

        for batch in run.batches(make, SEED):
            recent.append(self.step(batch))
            if run.logs_every(25):
                self._log(recent, len(sampler.dataset.pairs))
                recent = []
                sampler.dataset.refresh()
            self.save()

    def step(self, batch: TrainingBatch) -> ResidualLoss:
        """Take one training step; return its loss."""
        step = self.run.step
        noise = torch.Generator().manual_seed(SEED + step)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = residual_loss(self.model, self.encoder, batch.to(self.device), noise)
        self.trainer.step(loss.value)
        self._update_average(min(AVERAGING, (1 + step) / (10 + step)))
        return loss

    @torch.no_grad()
    def _update_average(self, decay: float) -> None:
        """Move the running average of the weights towards the model."""
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        for average, weight in pairs:
            average.lerp_(weight, 1 - decay)

    def save(self) -> None:
        """Save the state where it is due."""
        self.trainer.save(average=self.average.state_dict())

    def _log(self, recent: list[ResidualLoss], pairs: int) -> None:
        """Log the mean loss and, at pure noise, its share of the loss of predicting nothing."""
        loss = float(np.mean([one.value.item() for one in recent]))
        remaining = sum(one.remaining for one in recent)
        initial = sum(one.initial for one in recent)
        self.run.log(loss=loss, left=remaining / max(initial, 1e-9), pairs=float(pairs))
