"""Solvers: from one noise level to the next, by DDIM, DPM++ or UniPC.

A step is a few products with plain numbers, so that nothing waits for the device. A solver keeps
its history as a value, so that a step can be taken again after memory ran out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor

from gpu_worker.models.i2vgen_xl.sampling.schedule import FAINTEST, Level, Schedule


@dataclass(frozen=True)
class State:
    """The sample before a step, and what the solver remembers of earlier steps.

    clean are the latest predictions of the clean sample, newest last; before is the sample that
    the last step started from.
    """

    sample: Tensor
    clean: tuple[Tensor, ...] = ()
    before: Tensor | None = None


class Solver(Protocol):
    """Takes one step after another."""

    def step(self, index: int, state: State, predicted: Tensor) -> State:
        """Return the state after step `index`, for what the net predicted from the sample."""


def estimate(schedule: Schedule, index: int, sample: Tensor, predicted: Tensor) -> Tensor:
    """Return the clean sample that a prediction at a step means."""
    level = schedule.levels[index]
    if schedule.prediction == "v_prediction":
        clean = level.signal * sample - level.noise * predicted
    elif schedule.prediction == "epsilon":
        clean = (sample - level.noise * predicted) / max(level.signal, FAINTEST**0.5)
    else:
        clean = predicted
    return clean if schedule.clip is None else clean.clamp(-schedule.clip, schedule.clip)


@dataclass(frozen=True)
class Ddim:
    """The deterministic first-order solver that the checkpoint was released with."""

    schedule: Schedule

    def step(self, index: int, state: State, predicted: Tensor) -> State:
        """Go to the next level along the predicted noise."""
        now, then = self.schedule.levels[index], self.schedule.after[index]
        clean = estimate(self.schedule, index, state.sample, predicted)
        if self.schedule.prediction == "v_prediction":
            noise = now.signal * predicted + now.noise * state.sample
        elif self.schedule.prediction == "epsilon":
            noise = predicted
        else:
            noise = (state.sample - now.signal * clean) / max(now.noise, FAINTEST)
        return State(then.signal * clean + then.noise * noise, (clean,))


@dataclass(frozen=True)
class Stock:
    """The stock scheduler's own step, which indexes its tables with a tensor on the device."""

    schedule: Schedule
    scheduler: DDIMScheduler

    def step(self, index: int, state: State, predicted: Tensor) -> State:
        """Go to the next level as the stock pipeline does."""
        timestep = torch.tensor(self.schedule.timesteps[index], device=predicted.device)
        done = cast(Any, self.scheduler).step(predicted, timestep, state.sample)
        return State(done.prev_sample, (done.pred_original_sample,))


@dataclass(frozen=True)
class DpmPlusPlus:
    """DPM-Solver++ of second order, multistep: the last two clean predictions as a line."""

    schedule: Schedule

    def step(self, index: int, state: State, predicted: Tensor) -> State:
        """Go to the next level; the first step and the last are of first order."""
        levels = self.schedule.levels
        clean = estimate(self.schedule, index, state.sample, predicted)
        now, then = levels[index], levels[index + 1]
        if then.noise == 0.0:
            return State(then.signal * clean, (clean,))
        stride = depth(then) - depth(now)
        direction = clean
        if state.clean and index + 1 < self.schedule.steps:
            ratio = (depth(now) - depth(levels[index - 1])) / stride
            direction = clean + (clean - state.clean[-1]) * (0.5 / ratio)
        sample = _advance(now, then, state.sample, direction)
        return State(sample, (clean,))


@dataclass(frozen=True)
class UniPc:
    """UniPC of second order: each prediction first corrects the last step, then predicts."""

    schedule: Schedule

    def step(self, index: int, state: State, predicted: Tensor) -> State:
        """Correct the sample with the new prediction, then go to the next level."""
        levels = self.schedule.levels
        clean = estimate(self.schedule, index, state.sample, predicted)
        sample = state.sample
        if state.clean and state.before is not None:
            sample = self._corrected(index, state, state.before, clean)
        now, then = levels[index], levels[index + 1]
        history = (*state.clean[-1:], clean)
        if then.noise == 0.0:
            return State(then.signal * clean, history, sample)
        direction = clean
        if state.clean and index + 1 < self.schedule.steps:
            stride = depth(then) - depth(now)
            ratio = (depth(levels[index - 1]) - depth(now)) / stride
            direction = clean + (state.clean[-1] - clean) * (0.5 / ratio)
        return State(_advance(now, then, sample, direction), history, sample)

    def _corrected(self, index: int, state: State, before: Tensor, clean: Tensor) -> Tensor:
        """Take the last step again, now that the prediction at its end is known."""
        levels = self.schedule.levels
        start, end = levels[index - 1], levels[index]
        stride = depth(end) - depth(start)
        first = state.clean[-1]
        if len(state.clean) < 2:
            return _advance(start, end, before, first + 0.5 * (clean - first))
        ratio = (depth(levels[index - 2]) - depth(start)) / stride
        older, newer = _weights(stride, ratio)
        slope = older * (state.clean[-2] - first) / ratio + newer * (clean - first)
        return _advance(start, end, before, first + slope)


def _advance(now: Level, then: Level, sample: Tensor, direction: Tensor) -> Tensor:
    """Solve the exponential part exactly and take the clean sample as constant."""
    stride = depth(then) - depth(now)
    return (then.noise / now.noise) * sample - then.signal * math.expm1(-stride) * direction


def depth(level: Level) -> float:
    """Return half the logarithm of the signal-to-noise ratio."""
    return math.log(max(level.signal, FAINTEST**0.5) / max(level.noise, FAINTEST**0.5))


def _weights(stride: float, ratio: float) -> tuple[float, float]:
    """Solve UniPC's two order conditions for the older and the newer difference."""
    h = -stride
    base = math.expm1(h)
    phi = base / h - 1.0
    right = (phi / base, (phi / h - 0.5) * 2.0 / base)
    determinant = 1.0 - ratio
    newer = (right[1] - ratio * right[0]) / determinant
    return right[0] - newer, newer


SOLVERS: dict[str, type[Ddim | DpmPlusPlus | UniPc]] = {
    "ddim": Ddim,
    "dpm++": DpmPlusPlus,
    "unipc": UniPc,
}
