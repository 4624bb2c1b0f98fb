"""A deterministic engine without any model, which fails when its prompt says so."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gpu_worker.engine.api import (
    Cancelled,
    NotUsable,
    NotUsableYet,
    OnProgress,
    OutOfMemory,
    Result,
)
from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Motion, Pose
from storage.domain.clip import Adjustment
from storage.domain.errors import GenerationFailed
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest

PREVIEW = b"RIFF0000WEBP"
HOLD = "FAKE_ENGINE_HOLD"  # names a file; nothing is loaded while there is one

AFTER_CANCEL = 0.5
"""For how many seconds a layer that is being compiled goes on after a cancel."""


class FakeEngine:
    """Pans over the picture; the seed says how far. Words of the prompt make it fail.

    slow: 50 ms a step; warn: logs in several ways; hang: never answers, ignores a cancel; compile:
    compiles a layer until a cancel, and a little longer; crash, broken, oom, refuse: end in that
    way on the second step; once: only the first time, which the file `marker` remembers.
    """

    name = "fake"
    device = "cpu"

    def __init__(self, load: str = "", marker: str = "") -> None:
        self._load = load
        self._marker = marker

    def load(self) -> None:
        while HOLD in os.environ and Path(os.environ[HOLD]).exists():
            time.sleep(0.01)
        if self._load == "missing":
            raise NotUsable("no weights here")
        if self._load == "later" and not self._crashed_before():
            raise NotUsableYet("the hub is away")
        if self._load == "never":
            raise NotUsableYet("the hub is away")
        if self._load == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        print("loading fake weights")

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        words = request.prompt.split()
        if request.text_to_image is not None and not request.picture:
            return draw(request, on_progress, should_stop)
        if "once" in words and self._crashed_before():
            words = ["slow"] if "slow" in words else []
        for step in range(request.steps):
            if should_stop() and "hang" not in words:
                raise Cancelled
            if step == 1 and "compile" in words:
                compile_layers(request.steps, on_progress, should_stop, endless="hang" in words)
            elif step == 1:
                fail(words)
            time.sleep(0.05 if "slow" in words else 0.0)
            preview = PREVIEW if step == 1 else None
            on_progress(Progress(Stage.DENOISING, step + 1, request.steps, eta=1.0), preview)
        on_progress(Progress(Stage.DECODING, 0, 1), None)
        return Result(
            frames=pan(request, canvas),
            seed=request.seed,
            motion=Motion.PAN_RIGHT,
            adjustments=(Adjustment("adjusted_tiling"),) if "tight" in words else (),
            view=view(request, canvas),
        )

    def _crashed_before(self) -> bool:
        """Tell whether an engine with this marker has failed before."""
        try:
            os.close(os.open(self._marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return True
        return False


def view(request: GenerationRequest, canvas: Canvas) -> Pose | None:
    """Return a view a tenth further to the right, of a clip that is rendered from its picture."""
    origin = canvas.origin
    if request.denoised is None or (request.source and origin is None):
        return None
    return Pose(dx=(origin.pose.dx if origin else 0.0) + 0.1)


def compile_layers(
    steps: int, on_progress: OnProgress, should_stop: Callable[[], bool], *, endless: bool
) -> None:
    """Compile one layer, which goes on for a while after a cancel."""
    on_progress(Progress(Stage.COMPILING, 1, steps), None)
    while endless or not should_stop():
        time.sleep(0.01)
    time.sleep(AFTER_CANCEL)


def fail(words: list[str]) -> None:
    if "warn" in words:
        logging.getLogger("a.library").warning("a warning in\ntwo lines")
        warnings.warn("old", UserWarning, stacklevel=1)
        os.write(2, b"a bare line\n")
    if "hang" in words:
        threading.Event().wait()
    if "crash" in words:
        print("about to crash")
        os.kill(os.getpid(), signal.SIGSEGV)
    if "broken" in words:
        raise RuntimeError("illegal memory access")
    if "oom" in words:
        raise OutOfMemory("no memory at the smallest settings")
    if "refuse" in words:
        raise GenerationFailed("failed_refused", reason="asked to")


def draw(
    request: GenerationRequest, on_progress: OnProgress, should_stop: Callable[[], bool]
) -> Result:
    """Return a picture of noise from the seed; the word `cancelled` waits for a cancel."""
    on_progress(Progress(Stage.PICTURE, 1, 1), PREVIEW)
    while "cancelled" in request.prompt.split() and not should_stop():
        time.sleep(0.01)
    if should_stop():
        raise Cancelled
    noise = np.random.default_rng(request.seed).integers(0, 255, (1, 80, 120, 3), np.uint8)
    return Result(noise, request.seed, Motion.STATIC, seconds=0.5)


def pan(
    request: GenerationRequest, canvas: Canvas
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return frames that open with the fitted picture and roll it sideways."""
    pixels = 1 + request.seed % 5
    rolled = [np.roll(canvas.fitted, -pixels * k, axis=1) for k in range(request.frames)]
    return np.stack(rolled)


def create(
    load: str = "",
    marker: str = "",
    on_bytes: Callable[[int, int], None] = lambda _done, _total: None,
    **_settings: object,
) -> FakeEngine:
    """Return the engine; EngineSpec names this function."""
    if load == "download":
        on_bytes(1 << 20, 3 << 20)
        on_bytes(3 << 20, 3 << 20)
    return FakeEngine(load, marker or os.environ.get("FAKE_ENGINE_MARKER", ""))


def missing(**_settings: object) -> FakeEngine:
    """Return an engine whose weights are nowhere."""
    return FakeEngine("missing")
