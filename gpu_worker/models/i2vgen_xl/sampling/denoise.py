"""The denoising loop, which can be watched, cancelled, and resumed after a lack of memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.sampling.schedule import Schedule
from gpu_worker.models.i2vgen_xl.sampling.solvers import Solver, SolverState
from gpu_worker.models.i2vgen_xl.unet.unet import DeepCache, PreparedConditioning, UNet


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """How one clip is sampled.

    guided is the span of steps [from, to) on which guidance acts. Deep features are computed
    afresh on every `reuse`-th step. start is the first step that is taken. rescale is how far, from
    0 to 1, a guided prediction gets the contrast of the one with the prompt.
    """

    schedule: Schedule
    solver: Solver
    guidance_scale: float
    guided: tuple[int, int]
    reuse: int = 1
    start: int = 0
    rescale: float = 0.0

    @property
    def steps(self) -> int:
        """Return how many steps are taken."""
        return self.schedule.steps - self.start

    def is_guided(self, index: int) -> bool:
        """Tell whether guidance acts on a step."""
        return self.guidance_scale > 1.0 and self.guided[0] <= index < self.guided[1]


class Predictor(Protocol):
    """Predicts for a sample at each step of a plan."""

    @property
    def plan(self) -> SamplingPlan:
        """Return how the clip is sampled."""

    @property
    def fallback(self) -> MemoryFallback:
        """Return what is given up where memory runs out."""

    def __call__(self, index: int, sample: Tensor) -> Tensor:
        """Predict for a sample (c, 4, f, h, w) at a step, at least in single precision."""


class NoisePredictor:
    """Classifier-free guidance over the UNet's forward passes."""

    def __init__(
        self,
        unet: UNet,
        prepared: PreparedConditioning,
        plan: SamplingPlan,
        fallback: MemoryFallback,
        on_layer: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep what all steps share; the fallback may change between steps.

        on_layer is called before each layer of a pass; what it raises ends the pass.
        """
        self.unet = unet
        self.prepared = prepared
        self.plan = plan
        self.fallback = fallback
        self.on_layer = on_layer
        self.caches = (DeepCache(), DeepCache())

    def __call__(self, index: int, sample: Tensor) -> Tensor:
        """Predict for sample (c, 4, f, h, w) at a step, at least in single precision."""
        clips, plan = sample.shape[0], self.plan
        if not plan.is_guided(index):
            return self._run(index, sample, slice(-clips, None), self.caches[0])
        if self.fallback.split_guidance:
            without = self._run(index, sample, slice(clips), self.caches[1])
            prompted = self._run(index, sample, slice(-clips, None), self.caches[0])
        else:
            without, prompted = self._run(index, sample, slice(None), self.caches[0]).chunk(2)
        guided = without + plan.guidance_scale * (prompted - without)
        return rescaled(guided, prompted, plan.rescale) if plan.rescale else guided

    def _run(self, index: int, sample: Tensor, part: slice, cache: DeepCache) -> Tensor:
        plan, prepared = self.plan, self.prepared
        contexts = tuple((key[part], value[part]) for key, value in prepared.contexts)
        reuses = plan.reuse > 1
        if reuses:
            fresh = (index - plan.start) % plan.reuse == 0
            cache.prime(fresh, contexts[0][0].shape[0] * sample.shape[2])
        result: Tensor = self.unet(
            sample.to(prepared.image_features.dtype),
            prepared.image_features,
            prepared.time_table[index],
            contexts,
            cache if reuses else None,
            on_layer=self.on_layer,
        )
        return result.float() if result.dtype in (torch.float16, torch.bfloat16) else result


def rescaled(guided: Tensor, prompted: Tensor, share: float) -> Tensor:
    """Bring a share of a guided prediction (c, 4, f, h, w) to the prompted one's contrast.

    Strong guidance makes the deviation of a clip's prediction larger than the model was trained for
    (arXiv 2305.08891, section 3.4).
    """
    axes = (1, 2, 3, 4)
    ratio = prompted.std(axes, keepdim=True) / guided.std(axes, keepdim=True)
    return guided * (share * ratio + (1.0 - share))


class HostThrottle:
    """Keeps the host at most one step ahead of the device, so that a cancel acts within a step."""

    def __init__(self, device: torch.device) -> None:
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
    predictor: Predictor, state: SolverState, on_step: Callable[[int, Tensor], None]
) -> Tensor:
    """Take every step from the plan's first; return the last sample (c, 4, f, h, w).

    on_step is called before the first step, where the number of steps done is 0, and after each
    step, with the prediction of the original sample; what it raises ends the loop. A step that
    lacks memory is taken again once the fallback has recovered.
    """
    plan = predictor.plan
    throttle = HostThrottle(state.sample.device)
    index = plan.start
    on_step(0, state.sample)
    while index < plan.schedule.steps:
        try:
            model_output = predictor(index, state.sample)
            following = plan.solver.step(index, state, model_output)
        except (RuntimeError, MemoryError) as error:
            predictor.fallback.recover(index, error)
            continue
        state = following
        throttle.step()
        index += 1
        on_step(index - plan.start, following.originals[-1])
    return state.sample
