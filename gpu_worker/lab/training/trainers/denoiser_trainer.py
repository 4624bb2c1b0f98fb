"""The denoiser's training: its optimizers, its running average, and its saved state."""

import copy

import numpy as np
import torch
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from gpu_worker.lab.training.data.batches import SEED, Batch, Recipe, draw
from gpu_worker.lab.training.data.latent_dataset import Bank
from gpu_worker.lab.training.data.loader import ahead
from gpu_worker.lab.training.data.prompt_sampler import Prompts, families
from gpu_worker.lab.training.networks.model_types import Denoiser
from gpu_worker.lab.training.networks.unet import build
from gpu_worker.lab.training.trainers import muon
from gpu_worker.lab.training.trainers.losses import Loss, loss_of
from gpu_worker.lab.training.trainers.training_run import Run


class Trainer:
    """Trains the denoiser on a bank of pairs that may grow meanwhile."""

    def __init__(self, run: Run, recipe: Recipe, device: torch.device):
        """Build or resume the denoiser, its running average and the optimizers."""
        torch.manual_seed(SEED)
        self.run, self.recipe, self.device = run, recipe, device
        self.model = build().to(device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizers = muon.optimizers(self.model.named_parameters(), recipe.peak)
        state = run.resume()
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)

    def step(self, encoder: CLIPTextModel, batch: Batch) -> Loss:
        """Take one training step; give its loss."""
        noise = torch.Generator().manual_seed(SEED + self.run.step)
        half = torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda")
        batch = Batch(*(value.to(self.device) for value in vars(batch).values()))
        with half:
            loss = loss_of(self.model, encoder, batch, self.recipe, noise)
        loss.value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        muon.clipped_step(self.optimizers, self.run.rate(self.recipe.peak), 1.0)
        keep = min(self.recipe.averaging, (1 + self.run.step) / (10 + self.run.step))
        averaged(self.average, self.model, keep)
        return loss

    def save(self, force: bool) -> bool:
        """Save where it is due."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        return self.run.save(state, force)


@torch.no_grad()
def averaged(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Move the running average of the weights towards the model."""
    for kept, new in zip(average.parameters(), model.parameters(), strict=True):
        kept.lerp_(new, 1 - keep)


def train(
    trainer: Trainer, bank: Bank, encoder: CLIPTextModel, tokenizer: CLIPTokenizer
) -> Denoiser:
    """Train until time is up; give the averaged denoiser."""
    words = (Prompts(families()), tokenizer)
    run = trainer.run
    recent: list[Loss] = []

    def make(rng: np.random.Generator) -> Batch:
        return draw(bank, words, trainer.recipe, int(rng.integers(2**31)))

    for batch in ahead(make, SEED, run.step):
        recent.append(trainer.step(encoder, batch))
        goes_on = run.tick()
        if run.step % 25 == 0 or not goes_on:
            log(run, recent, len(bank.pairs))
            recent = []
            bank.refresh()
        trainer.save(force=not goes_on)
        if not goes_on:
            return trainer.average
    raise AssertionError("the feed never ends")


def log(run: Run, recent: list[Loss], pairs: int) -> None:
    """Log the mean loss and, at pure noise, its share of the loss of adding nothing."""
    loss = float(np.mean([one.value.item() for one in recent]))
    left, first = sum(one.left for one in recent), sum(one.first for one in recent)
    run.log(loss=loss, left=left / max(first, 1e-9), pairs=float(pairs))
