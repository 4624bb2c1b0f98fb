"""Drafts of a clip's candidates, which show cheaply what each seed gives in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gpu_worker.media import warp
from gpu_worker.media.clips.clip_grid import ClipGrid
from gpu_worker.media.frames import Frames, FrameSource
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.full_size import FLAT, ClipDepth, denoised_inputs, render
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import camera_poses
from storage.domain.camera.motion import Reading
from storage.domain.clip import Candidate
from storage.domain.drafts import candidates as drafts
from storage.domain.request import DenoisedShape, GenerationRequest, Preset

BEYOND = 0.05
"""By which share of the window's side a picture has to go on, so that a camera finds more of it."""

MOMENTS = 4
"""For how many moments of a rendered draft the model answers."""

SCORED_FRAMES = 16
"""How many frames of a draft are scored."""


@dataclass(frozen=True)
class DraftInputs:
    """What one draft is made from; options are the camera's of the candidate in full."""

    options: Reading
    reading: Reading
    request: GenerationRequest
    canvas: Canvas
    depth: ClipDepth
    inputs: ClipInputs

    def finish(self, made: Frames) -> FrameSource:
        """Return the draft as it is shown, from what the model made, maybe at another size."""
        if self.request.denoised is None:
            return np.stack([warp.resized(frame, self.canvas.size) for frame in made])
        path = camera_poses(self.request, self.reading)
        return render(self.canvas, path, self.inputs, made, self.depth)

    def candidate(self, score: float) -> Candidate:
        """Return what a person may choose."""
        return Candidate(self.request.seed, self.options, self.reading.motion, score)


def candidate_requests(
    request: GenerationRequest, canvas: Canvas
) -> list[tuple[Reading, GenerationRequest]]:
    """Return the camera's options and the order in full of each candidate."""
    height, width = canvas.source.shape[:2]
    wide, high = (
        side > (1.0 + BEYOND) * shown
        for side, shown in zip((width, height), canvas.window[2:], strict=True)
    )
    cameras = drafts.cameras(request, wide=wide, high=high)
    return [
        (camera, drafts.in_full(request, seed, camera))
        for seed, camera in zip(drafts.seeds(request), cameras, strict=True)
    ]


def draft_inputs(
    full: GenerationRequest,
    canvas: Canvas,
    options: Reading,
    reading: Reading,
    depth: ClipDepth = FLAT,
) -> DraftInputs:
    """Return what the draft of an order is made from, on a canvas of the draft's size.

    Its noise is that of the whole clip, as far as it is seen in the draft's shape.
    """
    width, height = canvas.size
    shape = full.denoised
    if shape is not None:
        shape = replace(shape, frames=min(shape.frames, MOMENTS))
    draft = replace(full, preset=Preset.DRAFT, width=width, height=height, denoised=shape)
    noise = full.denoised or DenoisedShape(full.width, full.height, full.frames)
    inputs = replace(denoised_inputs(draft, canvas, reading, depth), noise=noise)
    return DraftInputs(options, reading, draft, canvas, depth, inputs)


def scored_frames(clip: FrameSource) -> Frames:
    """Return some frames of a draft, evenly from the first to the last."""
    chosen = np.linspace(0, len(clip) - 1, min(SCORED_FRAMES, len(clip))).round().astype(int)
    return np.stack([clip[int(index)] for index in chosen])


def side_by_side(clips: Sequence[FrameSource], candidates: Sequence[Candidate]) -> ClipGrid:
    """Return the drafts as one clip."""
    return ClipGrid(tuple(clips), drafts.pick(candidates))
