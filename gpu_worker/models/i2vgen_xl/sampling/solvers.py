"""Solvers that step from one noise level to the next: DDIM and DPM-Solver++.

A step is a few products with plain numbers, so that nothing waits for the device. A solver keeps
its history as a value, so that a step can be taken again after memory ran out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from gpu_worker.models.i2vgen_xl.sampling.schedule import MIN_SIGNAL, NoiseLevel, Schedule
from storage.domain.models.sampling import Scheduler


@dataclass(frozen=True)
class SolverState:
    """The sample (c, 4, f, h, w) before a step, and what the solver keeps of earlier steps.

    originals is the latest prediction of the original sample, or none before the first.
    """

    sample: Tensor
    originals: tuple[Tensor, ...] = ()


class Solver(Protocol):
    """Takes one step after another."""

    def step(self, index: int, state: SolverState, model_output: Tensor) -> SolverState:
        """Return the state after step `index`, for what the UNet predicted from the sample."""


def predict_original(
    schedule: Schedule, index: int, sample: Tensor, model_output: Tensor
) -> Tensor:
    """Return the original sample that the UNet's output at a step means."""
    level = schedule.levels[index]
    if schedule.prediction_type == "v_prediction":
        original = level.signal * sample - level.noise * model_output
    elif schedule.prediction_type == "epsilon":
        original = (sample - level.noise * model_output) / max(level.signal, MIN_SIGNAL**0.5)
    else:
        original = model_output
    limit = schedule.clip_sample_range
    return original if limit is None else original.clamp(-limit, limit)


@dataclass(frozen=True)
class DdimSolver:
    """The deterministic first-order solver that the checkpoint was released with."""

    schedule: Schedule

    def step(self, index: int, state: SolverState, model_output: Tensor) -> SolverState:
        """Go to the next level along the predicted noise."""
        now, then = self.schedule.levels[index], self.schedule.after[index]
        original = predict_original(self.schedule, index, state.sample, model_output)
        if self.schedule.prediction_type == "v_prediction":
            epsilon = now.signal * model_output + now.noise * state.sample
        elif self.schedule.prediction_type == "epsilon":
            epsilon = model_output
        else:
            epsilon = (state.sample - now.signal * original) / max(now.noise, MIN_SIGNAL)
        return SolverState(then.signal * original + then.noise * epsilon, (original,))


@dataclass(frozen=True)
class DpmPlusPlusSolver:
    """DPM-Solver++ of second order, multistep: a line through the last two predictions."""

    schedule: Schedule

    def step(self, index: int, state: SolverState, model_output: Tensor) -> SolverState:
        """Go to the next level; the first step and the last are of first order."""
        levels = self.schedule.levels
        original = predict_original(self.schedule, index, state.sample, model_output)
        now, then = levels[index], levels[index + 1]
        if then.noise == 0.0:
            return SolverState(then.signal * original, (original,))
        stride = half_log_snr(then) - half_log_snr(now)
        direction = original
        if state.originals and index + 1 < self.schedule.steps:
            ratio = (half_log_snr(now) - half_log_snr(levels[index - 1])) / stride
            direction = original + (original - state.originals[-1]) * (0.5 / ratio)
        sample = _advance(now, then, state.sample, direction)
        return SolverState(sample, (original,))


def _advance(now: NoiseLevel, then: NoiseLevel, sample: Tensor, direction: Tensor) -> Tensor:
    """Solve the exponential part exactly and take the original sample as constant."""
    stride = half_log_snr(then) - half_log_snr(now)
    return (then.noise / now.noise) * sample - then.signal * math.expm1(-stride) * direction


def half_log_snr(level: NoiseLevel) -> float:
    """Return half the logarithm of the signal-to-noise ratio (lambda in DPM-Solver's paper)."""
    return math.log(max(level.signal, MIN_SIGNAL**0.5) / max(level.noise, MIN_SIGNAL**0.5))


SOLVERS: dict[Scheduler, type[DdimSolver | DpmPlusPlusSolver]] = {
    Scheduler.OWN: DdimSolver,
    Scheduler.DDIM: DdimSolver,
    Scheduler.DPM_PLUS_PLUS: DpmPlusPlusSolver,
}
"""The solvers by the catalogue's names of schedulers; the released checkpoint's own is DDIM."""
