"""A training run: its time budget, its learning rate over it, its log and its saved state."""

import csv
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

LONGEST_PAUSE = 30.0


@dataclass
class Run:
    """One stage of training below `work`, which lasts `seconds` over all its starts."""

    work: Path
    stage: str
    seconds: float
    save_every: float = 120.0
    elapsed: float = 0.0
    step: int = 0
    _last: float = field(default_factory=time.monotonic)
    _saved: float = 0.0

    def tick(self) -> bool:
        """Count one step and its time; say whether the budget allows another one."""
        now = time.monotonic()
        # A machine that slept must not eat the budget.
        self.elapsed += min(now - self._last, LONGEST_PAUSE)
        self._last = now
        self.step += 1
        return self.elapsed < self.seconds

    def rate(self, peak: float, warmup: int = 40, floor: float = 0.02) -> float:
        """Give the learning rate: linear warm-up by steps, then flat, then down by time."""
        done = min(self.elapsed / self.seconds, 1.0)
        down = 0.5 * (1 + math.cos(math.pi * done))
        return peak * min(self.step / warmup, 1.0) * (floor + (1 - floor) * down)

    def log(self, **values: float) -> None:
        """Print values and add them to the stage's CSV file."""
        minutes = self.elapsed / 60
        shown = " ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"{self.stage} step {self.step} {minutes:.1f} min {shown}", flush=True)
        with (self.work / "losses.csv").open("a", newline="") as file:
            writer = csv.writer(file)
            for name, value in values.items():
                writer.writerow([self.stage, self.step, f"{minutes:.3f}", name, f"{value:.6f}"])

    @property
    def state_file(self) -> Path:
        """Give the file that holds the stage's last saved state."""
        return self.work / f"{self.stage}.pt"

    def save(self, state: Mapping[str, Any], force: bool = False) -> bool:
        """Save the state where it is due; replace the last one in one move."""
        if not force and self.elapsed - self._saved < self.save_every:
            return False
        self._saved = self.elapsed
        partial = self.state_file.with_suffix(".partial")
        torch.save({**state, "elapsed": self.elapsed, "step": self.step}, partial)
        partial.replace(self.state_file)
        return True

    def resume(self) -> dict[str, Any] | None:
        """Give the last saved state, with its time and step counted, or None."""
        if not self.state_file.exists():
            return None
        state: dict[str, Any] = torch.load(self.state_file, map_location="cpu", weights_only=True)
        self.elapsed, self.step = state["elapsed"], state["step"]
        self._saved = self.elapsed
        self._last = time.monotonic()
        return state
