"""Sampler: the denoising loop, which can be watched, stopped, and resumed after a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from gpu_worker.models.i2vgen_xl.sampling.schedule import Schedule
from gpu_worker.models.i2vgen_xl.sampling.solvers import Solver, State
from gpu_worker.models.i2vgen_xl.unet.unet import Deep, Prepared, UNet


@dataclass(frozen=True, slots=True)
class Plan:
    """How one clip is sampled.

    guided is the span of steps [from, to) on which guidance acts. Deep features are computed
    afresh on every `reuse`-th step. start is the first step that is taken.
    """

    schedule: Schedule
    solver: Solver
    guidance: float
    guided: tuple[int, int]
    reuse: int = 1
    start: int = 0

    @property
    def steps(self) -> int:
        """Return how many steps are taken."""
        return self.schedule.steps - self.start

    def guides(self, index: int) -> bool:
        """Tell whether guidance acts on a step."""
        return self.guidance > 1.0 and self.guided[0] <= index < self.guided[1]


@dataclass(slots=True)
class Thrift:
    """What is given up for memory while a clip is made; changed by the ladder between steps."""

    halves_apart: bool = False


class Predictor:
    """What the net says of a sample at a step, with guidance."""

    def __init__(self, unet: UNet, prepared: Prepared, plan: Plan, thrift: Thrift) -> None:
        """Keep what all steps share; thrift is read anew on each step."""
        self.unet = unet
        self.prepared = prepared
        self.plan = plan
        self.thrift = thrift
        self.deep = [Deep(), Deep()]

    def __call__(self, index: int, sample: Tensor) -> Tensor:
        """Predict for sample (c, 4, f, h, w) at a step, at least in single precision."""
        clips, plan = sample.shape[0], self.plan
        if not plan.guides(index):
            return self._run(index, sample, slice(-clips, None), self.deep[0])
        if self.thrift.halves_apart:
            without = self._run(index, sample, slice(clips), self.deep[1])
            given = self._run(index, sample, slice(-clips, None), self.deep[0])
        else:
            without, given = self._run(index, sample, slice(None), self.deep[0]).chunk(2)
        return without + plan.guidance * (given - without)

    def _run(self, index: int, sample: Tensor, part: slice, deep: Deep) -> Tensor:
        plan, prepared = self.plan, self.prepared
        if not self.unet.levers.constants:
            prepared = self.unet.prepare(prepared.conditions, prepared.timesteps)
        memories = tuple((key[part], value[part]) for key, value in prepared.memories)
        reuses = plan.reuse > 1
        if reuses:
            fresh = (index - plan.start) % plan.reuse == 0
            deep.prime(fresh, memories[0][0].shape[0] * sample.shape[2])
        narrow = sample.to(prepared.features.dtype)
        given = (narrow, prepared.features, prepared.table[index], memories)
        result = cast(Tensor, self.unet(*given, deep if reuses else None))
        return result.float() if result.dtype in (torch.float16, torch.bfloat16) else result


class Pace:
    """Keeps the host at most one step ahead of the device, so that a cancel is heard in time."""

    def __init__(self, device: torch.device) -> None:
        """Start with nothing to wait for."""
        self.device = device
        self.last: torch.cuda.Event | None = None

    def step(self) -> None:
        """Wait until the step before the one just launched is done."""
        if self.device.type != "cuda":
            return
        event: torch.cuda.Event = cast(Any, torch.cuda).Event()
        event.record()
        if self.last is not None:
            self.last.synchronize()
        self.last = event


def denoise(
    predictor: Predictor,
    state: State,
    watch: Callable[[int, Tensor], None],
    rescue: Callable[[int, Exception], None],
) -> Tensor:
    """Take every step from the plan's first; return the last sample.

    watch is called before each step, and once after the last, with the number of steps done and
    the clean estimate; what it raises ends the loop. rescue is given what a step
    raised, and either raises or makes it possible to take the same step again.
    """
    plan = predictor.plan
    pace = Pace(state.sample.device)
    index = plan.start
    watch(0, state.sample)
    while index < plan.schedule.steps:
        try:
            predicted = predictor(index, state.sample)
            following = plan.solver.step(index, state, predicted)
        except (RuntimeError, MemoryError) as error:
            rescue(index, error)
            continue
        state = following
        pace.step()
        index += 1
        watch(index - plan.start, following.clean[-1])
    return state.sample
