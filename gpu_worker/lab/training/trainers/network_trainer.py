"""What the training of every network shares: its optimizers, its steps and its saved state."""

from typing import Any

from torch import Tensor, nn

from gpu_worker.lab.training.trainers import muon
from gpu_worker.lab.training.trainers.training_run import TrainingRun

LARGEST_NORM = 1.0


class NetworkTrainer:
    """A network with its optimizers, resumed where an earlier start saved them.

    state is what that start saved, None at the first.
    """

    def __init__(self, run: TrainingRun, network: Any, peak_rate: float):
        """Take an untrained network."""
        self.run, self.network, self.peak_rate = run, network, peak_rate
        self.optimizers = muon.optimizers(network, peak_rate)
        self.state = run.resume()
        if self.state is not None:
            network.load_state_dict(self.state["model"])
            for optimizer, saved in zip(self.optimizers, self.state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)

    def step(self, loss: Tensor) -> None:
        """Step every optimizer along the loss's gradients, their norm clipped; count the step."""
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        rate = self.run.learning_rate(self.peak_rate)
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        weights = [weight for group in groups for weight in group["params"]]
        nn.utils.clip_grad_norm_(weights, LARGEST_NORM)
        for group in groups:
            group["lr"] = rate
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.run.count_step()

    def save(self, **state: Any) -> None:
        """Save network, optimizers and any further state where it is due."""
        optimizers = [optimizer.state_dict() for optimizer in self.optimizers]
        self.run.save({"model": self.network.state_dict(), "optimizers": optimizers, **state})
