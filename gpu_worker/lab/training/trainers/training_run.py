"""One stage of training: its time budget, learning rate, log and saved state."""

import csv
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

LONGEST_PAUSE = 30.0
PREFETCHED = 4  # batches
SAVE_EVERY = 120.0
WARMUP_STEPS = 40
LOWEST_RATE = 0.02  # of the peak

Batch = TypeVar("Batch")


@dataclass
class TrainingRun:
    """A stage whose files lie below `work`, and which lasts `seconds` over all its starts."""

    work: Path
    stage: str
    seconds: float
    elapsed: float = 0.0
    step: int = 0
    _last: float = field(default_factory=time.monotonic)
    _saved: float = 0.0

    @property
    def done(self) -> bool:
        """Return whether the time is used up."""
        return self.elapsed >= self.seconds

    def batches(self, make: Callable[[np.random.Generator], Batch], seed: int) -> Iterator[Batch]:
        """Yield the batches of the steps to come until the time is used up.

        They are made ahead of time in a thread; seed and step decide a batch.
        """
        with ThreadPoolExecutor(1) as pool:
            generators = (np.random.default_rng((seed, step)) for step in count(self.step))
            batches = (pool.submit(make, generator) for generator in generators)
            ready = deque(islice(batches, PREFETCHED))
            while not self.done:
                yield ready.popleft().result()
                ready.append(next(batches))

    def count_step(self) -> None:
        """Count one step and its time."""
        now = time.monotonic()
        # A machine that slept must not use up the budget.
        self.elapsed += min(now - self._last, LONGEST_PAUSE)
        self._last = now
        self.step += 1

    def learning_rate(self, peak: float) -> float:
        """Return the rate of this step: linear warm-up by steps, then a cosine by time."""
        share = min(self.elapsed / self.seconds, 1.0)
        cosine = 0.5 * (1 + math.cos(math.pi * share))
        rate = LOWEST_RATE + (1 - LOWEST_RATE) * cosine
        return peak * min(self.step / WARMUP_STEPS, 1.0) * rate

    def logs_every(self, steps: int) -> bool:
        """Return whether to log now: every so many steps, and at the end."""
        return self.step % steps == 0 or self.done

    def log(self, **values: float) -> None:
        """Print values and add them to losses.csv."""
        minutes = self.elapsed / 60
        shown = " ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"{self.stage} step {self.step} {minutes:.1f} min {shown}", flush=True)
        with (self.work / "losses.csv").open("a", newline="") as file:
            writer = csv.writer(file)
            for name, value in values.items():
                writer.writerow([self.stage, self.step, f"{minutes:.3f}", name, f"{value:.6f}"])

    @property
    def state_file(self) -> Path:
        """Return the file that holds the stage's last saved state."""
        return self.work / f"{self.stage}.pt"

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the saved state, at most every SAVE_EVERY seconds and at the end."""
        if not self.done and self.elapsed - self._saved < SAVE_EVERY:
            return
        self._saved = self.elapsed
        partial = self.state_file.with_suffix(".partial")
        torch.save({**state, "elapsed": self.elapsed, "step": self.step}, partial)
        partial.replace(self.state_file)

    def resume(self) -> dict[str, Any] | None:
        """Return the last saved state after taking over its time and step, or None."""
        if not self.state_file.exists():
            return None
        state: dict[str, Any] = torch.load(self.state_file, map_location="cpu", weights_only=True)
        self.elapsed, self.step = state["elapsed"], state["step"]
        self._saved = self.elapsed
        self._last = time.monotonic()
        return state
