"""Schedule: the noise levels of one clip's steps, as plain numbers from diffusers' tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from diffusers.schedulers.scheduling_ddim import DDIMScheduler

FAINTEST = 2.0**-24
"""The least signal that a level may have, so that its logarithm exists."""


@dataclass(frozen=True, slots=True)
class Level:
    """How much signal and noise a sample has: sample = signal * clean + noise * noise."""

    signal: float
    noise: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """The timesteps of one clip, their levels and, last, the level where all of it ends.

    after holds the level that the stock scheduler takes for the end of each step: at some numbers
    of steps it rounds, and misses the next timestep by one.
    """

    timesteps: tuple[int, ...]
    levels: tuple[Level, ...]
    after: tuple[Level, ...]
    prediction: str
    clip: float | None

    @property
    def steps(self) -> int:
        """Return the number of steps."""
        return len(self.timesteps)


def schedule(scheduler: DDIMScheduler, steps: int) -> Schedule:
    """Read the levels of a number of steps, exactly as the stock scheduler would use them."""
    config = cast(Any, scheduler.config)
    scheduler.set_timesteps(steps)
    timesteps = tuple(int(step) for step in scheduler.timesteps)
    powers = [float(power) for power in scheduler.alphas_cumprod]
    last = _level(float(scheduler.final_alpha_cumprod))
    stride = config.num_train_timesteps // steps
    levels = tuple(_level(powers[step]) for step in timesteps)
    after = tuple(_level(powers[step - stride]) if step >= stride else last for step in timesteps)
    clip = float(config.clip_sample_range) if config.clip_sample else None
    return Schedule(timesteps, (*levels, after[-1]), after, str(config.prediction_type), clip)


def _level(power: float) -> Level:
    """Turn a cumulated alpha into a level."""
    return Level(max(power, 0.0) ** 0.5, max(1.0 - power, 0.0) ** 0.5)
