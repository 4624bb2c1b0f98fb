"""The I2VGen-XL engine: loads a checkpoint of its classes and makes clips with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpu_worker.engine.api import Cancelled, NotUsableYet, OnProgress, OutOfMemory, Result
from gpu_worker.media.frames import Frames, FrameSource
from gpu_worker.media.picture import Canvas
from gpu_worker.models.depth.estimator import DepthEstimator
from gpu_worker.models.i2vgen_xl import batch_width
from gpu_worker.models.i2vgen_xl.adapters.style_switch import StyleSwitch
from gpu_worker.models.i2vgen_xl.candidates import (
    ClipScorer,
    ScoredCandidate,
    load_clip_scorer,
    reported_scores,
    score_candidate,
)
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.i2vgen_xl.checkpoint.named_errors import naming
from gpu_worker.models.i2vgen_xl.checkpoint.nearest_motion import nearest_motion
from gpu_worker.models.i2vgen_xl.drafts import (
    DraftInputs,
    candidate_requests,
    draft_inputs,
    scored_frames,
    side_by_side,
)
from gpu_worker.models.i2vgen_xl.full_size import (
    FLAT,
    ClipDepth,
    denoised_inputs,
    render,
    view_after,
)
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_device
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import is_out_of_memory, release_after
from gpu_worker.models.i2vgen_xl.loading import EngineOptions, load_pipeline
from gpu_worker.models.i2vgen_xl.memory import footprints
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryEstimator, MemoryMode, weight_bytes
from gpu_worker.models.i2vgen_xl.memory.fallback import (
    MemoryFallback,
    SmallerClipNeeded,
    default_slices,
    smaller_size,
)
from gpu_worker.models.i2vgen_xl.memory.footprints import FootprintKind
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs, Pipeline
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import (
    NearestMotion,
    camera_poses,
    resolve_motion,
)
from gpu_worker.render.opening_frame import OpeningFrame
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Camera, Motion
from storage.domain.catalogue import PresetRow
from storage.domain.clip import Adjustment
from storage.domain.drafts.candidates import seeds
from storage.domain.models.style import Style
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest, Preset

WARM_UP_SIDE = 64


class I2VGenXL:
    """Makes clips with the embedded checkpoint, the full one, or any other of these classes."""

    def __init__(
        self,
        source: str,
        *,
        name: str = "",
        presets: Mapping[Preset, PresetRow] | None = None,
        **options: Any,
    ) -> None:
        """Take what to load; nothing is read before load.

        source is `embedded`, a hub id, or a checkpoint's folder, which is also the engine's name
        unless one is given; presets are the catalogue's unless given; options are EngineOptions'.
        """
        self.source = source
        self.name = name or source
        self.presets = load_catalogue().presets if presets is None else presets
        self.options = EngineOptions(**options)
        self.torch_device = resolve_device(self.options.device)
        self.device = str(self.torch_device)
        self._nearest_motion: NearestMotion = lambda _prompt: None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="previews")
        self._clip_scorer: ClipScorer | None = None
        self._depth_estimator: DepthEstimator | None = None
        self._styles = StyleSwitch(self.options.styles_folder)
        self._pipeline: Pipeline | None = None
        self._decoding_seconds: float | None = None  # for each pixel of each frame

    def load(self) -> None:
        """Bring the weights to the device; raise NotUsable, or NotUsableYet for want of memory."""
        try:
            self._load_pipeline()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise NotUsableYet(
                f"the memory of {self.device} does not hold the weights of {self.name}"
            ) from error
        if self.torch_device.type == "cuda":
            self.warm_up()

    def _load_pipeline(self) -> None:
        folder = locate(self.source)
        self._nearest_motion = partial(nearest_motion, folder)
        if self.options.judge:
            with naming(Path(self.options.judge)):
                self._clip_scorer = load_clip_scorer(Path(self.options.judge), self.torch_device)
        if self.options.depth_model and self._depth_estimator is None:
            source = self.options.depth_model
            self._depth_estimator = DepthEstimator.load(source, self.torch_device)
        pipeline = load_pipeline(folder, self.options, self._pool)
        self._bring_style(pipeline, self._styles.style)  # a clip may be half made
        self._pipeline = pipeline

    def _bring_style(self, pipeline: Pipeline, style: Style | None) -> None:
        """Let the weights have a style; raise BadStyle, or OutOfMemory where no size would help."""
        try:
            self._styles.bring(pipeline.unet, style)
        except (RuntimeError, MemoryError) as error:
            release_after(error, self.torch_device)
            raise OutOfMemory(f"{self.device} has no memory for a style") from None

    @property
    def pipeline(self) -> Pipeline:
        """Return what makes the clips; its weights are loaded again where a clip changed them."""
        if self._pipeline is None:
            self._load_pipeline()
        if self._pipeline is None:
            raise RuntimeError("the engine did not load")
        return self._pipeline

    def warm_up(self) -> None:
        """Make the smallest clip's first step, so that the first request does not wait for it."""
        steps = [0]

        def on_progress(progress: Progress, _preview: bytes | None) -> None:
            steps[0] = progress.step

        # No request has this shape, so that nothing is compiled for it.
        with suppress(Cancelled, OutOfMemory), torch.compiler.set_stance("force_eager"):
            self.generate(*_warm_up_clip(self.name), on_progress, lambda: steps[0] >= 1)

    @torch.inference_mode()
    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        """Make the clip, the best of its candidates, or their drafts side by side.

        Raise Cancelled within one step, OutOfMemory where no size fits, BadStyle where the request
        has one that the model cannot take.
        """
        if self._pipeline is None:
            on_progress(Progress(Stage.LOADING, 0, request.steps), None)
            self._load_pipeline()
        self._bring_style(self.pipeline, request.style)
        if request.drafts is not None:
            return self._draft(request, canvas, request.drafts, (on_progress, should_stop))
        reading = resolve_motion(request, self._nearest_motion)
        asked = [replace(request, seed=seed) for seed in seeds(request)]
        depth = self._depth(request, canvas)
        inputs = [denoised_inputs(one, canvas, reading, depth) for one in asked]
        tracker = self._tracker(inputs, on_progress, should_stop)
        scored: list[ScoredCandidate] = []
        adjustments: dict[str, Adjustment] = {}
        for one, (frames, given_up) in zip(inputs, self._make_all(inputs, tracker), strict=True):
            adjustments |= {adjustment.key: adjustment for adjustment in given_up}
            scored.append(self._score(frames, one, reading.motion))
        best = max(range(len(scored)), key=lambda number: scored[number].total)
        chosen = scored[best]
        clip: FrameSource = chosen.frames
        path = camera_poses(asked[best], reading)
        if request.denoised is not None:
            clip = render(canvas, path, inputs[best], chosen.frames, depth)
        scores, notes = reported_scores(scored, chosen), tuple(adjustments.values())
        view = view_after(request, canvas, path)
        return Result(clip, chosen.seed, reading.motion, notes, scores, view=view)

    def _depth(self, request: GenerationRequest, canvas: Canvas) -> ClipDepth:
        """Return how near things in the pictures are, where the request is not for flat ones."""
        estimate, end = self._depth_estimator, canvas.end
        if not request.depth_model or estimate is None:
            return FLAT
        return ClipDepth(estimate(canvas.source), None if end is None else estimate(end.source))

    def _draft(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        size: tuple[int, int],
        watch: tuple[OnProgress, Callable[[], bool]],
    ) -> Result:
        """Make the drafts of a request's candidates, each as it is made alone."""
        made: list[DraftInputs] = []
        small, depth = canvas.sized(size), self._depth(request, canvas)
        for options, full in candidate_requests(request, canvas):
            reading = resolve_motion(full, self._nearest_motion)
            made.append(draft_inputs(full, small, options, reading, depth))
        inputs = [one.inputs for one in made]
        clips, scored, candidates = [], [], []
        adjustments: dict[str, Adjustment] = {}
        for one, (frames, given_up) in zip(
            made, self._make_all(inputs, self._tracker(inputs, *watch)), strict=True
        ):
            adjustments |= {adjustment.key: adjustment for adjustment in given_up}
            clips.append(one.finish(frames))
            shown = scored_frames(clips[-1])
            rendered = replace(one.inputs, depth=one.depth.picture)
            scored.append(self._score(shown, rendered, one.reading.motion))
            candidates.append(one.candidate(scored[-1].total))
        grid = side_by_side(clips, candidates)
        best, notes = scored[grid.pick], tuple(adjustments.values())
        motion, scores = candidates[grid.pick].motion, reported_scores(scored, best)
        return Result(grid, best.seed, motion, notes, scores, candidates=tuple(candidates))

    def _tracker(
        self,
        inputs: Sequence[ClipInputs],
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> ProgressTracker:
        """Return what reports the progress of clips, with an estimate of their decoding."""
        decoding, request = self._decoding_seconds, inputs[0].request
        seconds = None if decoding is None else decoding * _pixels(request)
        return ProgressTracker(on_progress, should_stop, request.steps, len(inputs), seconds)

    def _make_all(
        self, inputs: Sequence[ClipInputs], tracker: ProgressTracker
    ) -> Iterator[tuple[Frames, list[Adjustment]]]:
        """Make clips in shared passes, and one by one where memory does not suffice for that."""
        request = inputs[0].request
        width = batch_width.choose_width(
            self.pipeline,
            inputs,
            self.presets[request.preset],
            lambda clips: self._memory_mode(request, clips) is MemoryMode.NONE,
            tracker,
        )
        for start in range(0, len(inputs), width):
            batch = inputs[start : start + width]
            shared = self._make_shared(batch, tracker) if len(batch) > 1 else None
            if shared is not None:
                yield from ((frames, []) for frames in shared)
            else:
                yield from (self._make_one(one, tracker) for one in batch)

    def _make_shared(
        self, inputs: Sequence[ClipInputs], tracker: ProgressTracker
    ) -> list[Frames] | None:
        """Make clips in shared passes; return None where memory does not suffice."""
        tracker.begin(len(inputs))
        try:
            return self._run(inputs, batch_width.shared_fallback(self.pipeline), tracker)
        except SmallerClipNeeded:
            tracker.restart()
            return None

    def _make_one(
        self, inputs: ClipInputs, tracker: ProgressTracker
    ) -> tuple[Frames, list[Adjustment]]:
        """Make a clip, at a smaller size where nothing else helps."""
        tracker.begin()
        fallback = MemoryFallback(self.pipeline.unet, self.torch_device)
        try:
            while True:
                try:
                    mode = self._memory_mode(inputs.request)
                    if mode is None:
                        raise SmallerClipNeeded
                    fallback.apply(mode)
                    return self._run([inputs], fallback, tracker)[0], fallback.adjustments
                except SmallerClipNeeded:
                    inputs = _smaller(inputs, self.pipeline.side_multiple)
                    fallback.restart(inputs.request.width, inputs.request.height)
                    tracker.restart()
        finally:
            if fallback.weights_changed:
                self._pipeline = None  # the next clip loads the weights again
                self._styles.forget()
            else:
                fallback.unet.slice_feed_forward(
                    default_slices(self.torch_device, compiled=self.pipeline.regions is not None)
                )

    def _run(
        self, inputs: Sequence[ClipInputs], fallback: MemoryFallback, tracker: ProgressTracker
    ) -> list[Frames]:
        """Denoise and decode clips in shared passes; raise SmallerClipNeeded, Cancelled."""
        pipeline, request = self.pipeline, inputs[0].request
        try:
            with pipeline.compiled(request, len(inputs), tracker.compiling):
                clips = pipeline.denoise_clips(
                    inputs, self.presets[request.preset], fallback, tracker
                )
            tracker.enter(Stage.DECODING)
            began = time.monotonic()
            frames = [pipeline.finish(*clip, tracker) for clip in clips]
        except (RuntimeError, MemoryError) as error:
            # Outside of the steps there is nothing left to give up but size.
            release_after(error, self.torch_device)
            raise SmallerClipNeeded from None
        self._decoding_seconds = (time.monotonic() - began) / (len(inputs) * _pixels(request))
        return frames

    def _memory_mode(self, request: GenerationRequest, clips: int = 1) -> MemoryMode | None:
        """Return the fastest mode in which so many clips fit, None where they do in none."""
        unet, components = self.pipeline.unet, self.pipeline.components
        estimator = MemoryEstimator(
            FootprintKind.of(unet.stock, self.torch_device),
            weight_bytes(unet, components.vae),
            footprints.load(),
        )
        pixels, guided = clips * _pixels(request), request.guidance > 1.0
        return estimator.choose_on(self.torch_device, pixels, guided, self.options.memory_gib)

    def _score(self, frames: Frames, inputs: ClipInputs, asked: Motion) -> ScoredCandidate:
        """Score a clip by its picture, its motion and, where there is one, CLIP."""
        request, size = inputs.request, (frames.shape[2], frames.shape[1])
        opening = OpeningFrame.seen(
            inputs.canvas.sized(size), inputs.poses[0], request.seed, inputs.depth
        )
        clip_score = self._clip_scorer(frames, request.prompt) if self._clip_scorer else None
        return score_candidate(frames, request.seed, opening, asked, clip_score)


def _smaller(inputs: ClipInputs, multiple: int) -> ClipInputs:
    """Return the clip at three quarters of its size; raise OutOfMemory below the least."""
    request = inputs.request
    return inputs.sized(smaller_size(request.width, request.height, multiple))


def _pixels(request: GenerationRequest) -> int:
    return request.width * request.height * request.frames


def _warm_up_clip(model: str) -> tuple[GenerationRequest, Canvas]:
    """Return a small request of two guided steps, which runs every part of an engine."""
    side = WARM_UP_SIDE
    request = GenerationRequest(
        picture="warm-up",
        prompt="hold still",
        model=model,
        width=side,
        height=side,
        frames=8,
        fps=8,
        steps=2,
        guidance=2.0,
        seed=0,
        camera=Camera(Motion.STATIC),
    )
    grey = np.full((side, side, 3), 128, np.uint8)
    return request, Canvas(grey, (0.0, 0.0, float(side), float(side)), (side, side))
