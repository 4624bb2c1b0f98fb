"""The noise levels of one clip's steps, as plain numbers from diffusers' tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from storage.domain.models.sampling import Spacing

MIN_SIGNAL = 2.0**-24
"""The least signal that a level may have, so that its logarithm exists."""


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """How much signal and noise a sample has: sample = signal * original + noise * epsilon."""

    signal: float
    noise: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """The timesteps of one clip, their levels and, last, the level where all of it ends.

    after holds the level that the stock scheduler takes for the end of each step: at some numbers
    of steps it rounds, and misses the next timestep by one. prediction_type and clip_sample_range
    (None for no clipping) are diffusers'.
    """

    timesteps: tuple[int, ...]
    levels: tuple[NoiseLevel, ...]
    after: tuple[NoiseLevel, ...]
    prediction_type: str
    clip_sample_range: float | None

    @property
    def steps(self) -> int:
        """Return the number of steps."""
        return len(self.timesteps)


def read_schedule(scheduler: DDIMScheduler, steps: int, spacing: Spacing = Spacing.OWN) -> Schedule:
    """Read the levels of a number of steps, exactly as the stock scheduler would use them.

    spacing takes the place of the scheduler's own, unless it is that.
    """
    if spacing is not Spacing.OWN:
        remade: Any = DDIMScheduler
        scheduler = remade.from_config(scheduler.config, timestep_spacing=spacing.value)
    config = scheduler.config
    scheduler.set_timesteps(steps)
    timesteps = tuple(int(step) for step in scheduler.timesteps)
    alphas = [float(alpha) for alpha in scheduler.alphas_cumprod]
    last = _level(float(scheduler.final_alpha_cumprod))
    stride = config.num_train_timesteps // steps
    levels = tuple(_level(alphas[step]) for step in timesteps)
    after = tuple(_level(alphas[step - stride]) if step >= stride else last for step in timesteps)
    clip = float(config.clip_sample_range) if config.clip_sample else None
    return Schedule(timesteps, (*levels, after[-1]), after, str(config.prediction_type), clip)


def _level(alpha_cumprod: float) -> NoiseLevel:
    return NoiseLevel(max(alpha_cumprod, 0.0) ** 0.5, max(1.0 - alpha_cumprod, 0.0) ** 0.5)
