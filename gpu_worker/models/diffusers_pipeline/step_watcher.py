"""Watches a pipeline at work: counts its steps, shows previews, and stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

from torch import Tensor, nn

from gpu_worker.models.diffusers_pipeline.latent_frames import latent_frames
from gpu_worker.models.i2vgen_xl.previews import Previewer, preview_steps
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest

DECODER = "vae.decoder"
DENOISERS = ("transformer", "transformer_2", "unet")


@dataclass
class StepWatcher:
    """Reports one clip's progress, and raises Cancelled before the next of its modules runs.

    An exception from a callback or a hook ends any pipeline's call within a step, which not every
    one does for `_interrupt`.
    """

    pipeline: Any
    request: GenerationRequest
    tracker: ProgressTracker
    previewer: Previewer
    done: int = 0
    _denoising: bool = False
    _decoding: bool = False

    @contextmanager
    def watching(self, by_scheduler: bool) -> Iterator[None]:
        """Watch every module of the pipeline for a while.

        by_scheduler counts the scheduler's steps, for a pipeline that does not call back.
        """
        hooks = [
            module.register_forward_pre_hook(self._before(name)) for name, module in self._modules()
        ]
        scheduler = self.pipeline.scheduler
        if by_scheduler:
            scheduler.step = self._counted(scheduler.step)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            if by_scheduler:
                del scheduler.step  # the class's own shows again

    def on_step_end(
        self, pipeline: Any, _step: int, _timestep: Any, tensors: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Count a step; the pipeline calls this after each."""
        if self.done == 0:
            steps = int(pipeline.num_timesteps)
            self.tracker.set_steps(steps)
            self.previewer.at = preview_steps(steps)
        self.done += 1
        found = latent_frames(tensors["latents"], pipeline, self.request)
        preview = None if found is None else self.previewer.offer(self.done, lambda: found)
        self.tracker.step(False, preview)
        return {}

    def _counted(self, step: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(step)
        def counted(*arguments: Any, **named: Any) -> Any:
            made = step(*arguments, **named)
            self.done += 1
            self.tracker.step(False, None)
            return made

        return counted

    def _modules(self) -> Iterator[tuple[str, nn.Module]]:
        """Yield each component, an autoencoder's halves, and every block of a list of blocks.

        encode() and decode() of an autoencoder pass by its own hooks.
        """
        for name, part in self.pipeline.components.items():
            if not isinstance(part, nn.Module):
                continue
            yield name, part
            if name == "vae" and isinstance(getattr(part, "decoder", None), nn.Module):
                yield DECODER, part.get_submodule("decoder")
            for blocks in part.modules():
                if isinstance(blocks, nn.ModuleList):
                    yield from (("", block) for block in blocks)

    def _before(self, name: str) -> Callable[..., None]:
        def hook(*_: object) -> None:
            self.tracker.raise_if_cancelled()
            if name in DENOISERS and not self._denoising:
                self._denoising = True
                self.tracker.step(True, None)
            elif name == DECODER and self.done and not self._decoding:
                self._decoding = True
                self.tracker.enter(Stage.DECODING)

        return hook
