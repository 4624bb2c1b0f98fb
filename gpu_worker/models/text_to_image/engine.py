"""An engine that also makes the picture of an order which has none."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import torch
from PIL import Image

from gpu_worker.engine.api import (
    Cancelled,
    Engine,
    NotUsable,
    OnProgress,
    OutOfMemory,
    Result,
)
from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.hardware.device_facts import has_bf16
from gpu_worker.models.text_to_image.checkpoint import check, local_folder, locate
from gpu_worker.models.text_to_image.picture_model import PictureModel
from storage.domain.camera.motion import Motion
from storage.domain.errors import GenerationFailed
from storage.domain.picture import TextToImage
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)

PREVIEW_SIDE = 512
WAIT_SECONDS = 1.0
"""How often a cancel is looked for while the weights are fetched."""


class TextToImageEngine:
    """Makes pictures with a text-to-image model, and everything else with another engine.

    Its weights are fetched and read for the first picture: a worker that makes none is not held up,
    and one whose text-to-image model is of no use makes all other clips.
    """

    def __init__(self, engine: Engine, source: str, dtype: str = "auto") -> None:
        """Take the other engine, and the hub id or folder of the text-to-image model."""
        self._engine = engine
        self._source = source
        self._dtype = dtype
        self._fetched: Future[Path] | None = None
        self._model: PictureModel | None = None
        self.name = engine.name
        self.device = engine.device

    def load(self) -> None:
        """Load the other engine; raise NotUsable.

        A text-to-image model that is on this machine is looked at, and its faults are logged.
        """
        self._engine.load()
        folder = local_folder(self._source)
        if folder is None:
            return
        try:
            check(folder)
        except NotUsable as error:
            log.error("PICTURE_MODEL: %s", error)

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        """Make the clip, or the picture; raise Cancelled, OutOfMemory, GenerationFailed."""
        made = request.text_to_image
        if made is None or request.picture:
            return self._engine.generate(request, canvas, on_progress, should_stop)
        picture = self._picture(request, made, on_progress, should_stop)
        return Result(picture[None], request.seed, Motion.STATIC)

    def _picture(
        self,
        request: GenerationRequest,
        made: TextToImage,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Frame:
        def report(done: int, preview: bytes | None = None) -> None:
            if should_stop():
                raise Cancelled
            step = min(done, made.steps)  # some samplers take two passes a step
            on_progress(Progress(Stage.PICTURE, step, made.steps), preview)

        try:
            if self._model is None:
                loading = Progress(Stage.LOADING, 0, made.steps)
                self._model = self._load(lambda: on_progress(loading, None), should_stop)
            report(0)
            picture = self._model(request, report)
        except OutOfMemory as error:
            raise GenerationFailed("failed_picture_memory") from error
        except NotUsable as error:
            log.error("PICTURE_MODEL: %s", error)
            raise GenerationFailed("failed_picture_model", model=made.model) from error
        report(made.steps, _preview(picture))
        return picture

    def _load(self, on_wait: Callable[[], None], should_stop: Callable[[], bool]) -> PictureModel:
        folder = self._fetch(on_wait, should_stop)
        check(folder)
        device = torch.device(self.device)
        return PictureModel.load(folder, device, picture_dtype(self._dtype, device))

    def _fetch(self, on_wait: Callable[[], None], should_stop: Callable[[], bool]) -> Path:
        """Return the weights' folder; a download that is cancelled goes on for later orders.

        on_wait is called at once and after every second: who says nothing for long is ended.
        """
        if self._fetched is None:
            pool = ThreadPoolExecutor(1)
            self._fetched = pool.submit(locate, self._source)
            pool.shutdown(wait=False)
        on_wait()
        while not wait([self._fetched], WAIT_SECONDS).done:
            if should_stop():
                raise Cancelled
            on_wait()
        fetched, self._fetched = self._fetched, None
        return fetched.result()


def picture_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the number format of a text-to-image model; auto is bf16 where a GPU has it.

    Many of these models were trained in bf16, and some give black pictures in fp16.
    """
    if name == "auto" and device.type == "cuda" and has_bf16(device):
        return torch.bfloat16
    return resolve_dtype(name, device)


def _preview(picture: Frame) -> bytes:
    """Return a picture as a WebP of at most PREVIEW_SIDE pixels a side."""
    image, target = Image.fromarray(picture), io.BytesIO()
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    image.save(target, "WEBP")
    return target.getvalue()
