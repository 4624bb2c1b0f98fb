"""Trains the denoiser and keeps a running average of its weights."""

import copy
from typing import Any

import numpy as np
import torch

from gpu_worker.lab.training.data.batches import SEED, BatchSampler, TrainingBatch
from gpu_worker.lab.training.networks.unet import build
from gpu_worker.lab.training.trainers import muon
from gpu_worker.lab.training.trainers.losses import ResidualLoss, residual_loss
from gpu_worker.lab.training.trainers.training_run import TrainingRun

PEAK_RATE = 2e-3
AVERAGING = 0.997


class DenoiserTrainer:
    """The denoiser, its running average and its optimizers, resumed where they were saved."""

    def __init__(self, run: TrainingRun, encoder: Any, device: torch.device):
        """Build or resume the denoiser; prompts are read by the finished text encoder."""
        torch.manual_seed(SEED)
        self.run, self.device = run, device
        self.encoder = encoder.to(device)
        self.model = build().to(device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizers = muon.optimizers(self.model, PEAK_RATE)
        state = run.resume()
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)

    def train(self, sampler: BatchSampler) -> None:
        """Train until time is up."""
        run = self.run
        recent: list[ResidualLoss] = []

        def make(rng: np.random.Generator) -> TrainingBatch:
            return sampler.draw(int(rng.integers(2**31)))

        for batch in run.batches(make, SEED):
            recent.append(self.step(batch))
            run.count_step()
            if run.logs_every(25):
                self._log(recent, len(sampler.dataset.pairs))
                recent = []
                sampler.dataset.refresh()
            self.save()

    def step(self, batch: TrainingBatch) -> ResidualLoss:
        """Take one training step; return its loss."""
        noise = torch.Generator().manual_seed(SEED + self.run.step)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = residual_loss(self.model, self.encoder, batch.to(self.device), noise)
        loss.value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        muon.clipped_step(self.optimizers, self.run.learning_rate(PEAK_RATE))
        self._update_average()
        return loss

    @torch.no_grad()
    def _update_average(self) -> None:
        """Move the running average of the weights towards the model."""
        decay = min(AVERAGING, (1 + self.run.step) / (10 + self.run.step))
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        for average, weight in pairs:
            average.lerp_(weight, 1 - decay)

    def save(self) -> None:
        """Save the state where it is due."""
        self.run.save(
            {
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            }
        )

    def _log(self, recent: list[ResidualLoss], pairs: int) -> None:
        """Log the mean loss and, at pure noise, its share of the loss of predicting nothing."""
        loss = float(np.mean([one.value.item() for one in recent]))
        remaining = sum(one.remaining for one in recent)
        initial = sum(one.initial for one in recent)
        self.run.log(loss=loss, left=remaining / max(initial, 1e-9), pairs=float(pairs))
