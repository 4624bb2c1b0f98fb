"""A clip at its full size and speed, from what the model denoised at its own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gpu_worker.media import warp
from gpu_worker.media.frames import Frames, FrameSource
from gpu_worker.media.picture import Canvas, PictureView
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import camera_poses
from gpu_worker.render.arrival import arrive, arriving
from gpu_worker.render.depth.inverse_depth import DepthMap
from gpu_worker.render.moments import Moments
from gpu_worker.render.moved_picture import move_picture
from gpu_worker.render.seen_before import EarlierFrame
from storage.domain.camera.composition import compose
from storage.domain.camera.motion import Pose, Reading, is_possible
from storage.domain.request import DenoisedShape, GenerationRequest


@dataclass(frozen=True)
class ClipDepth:
    """How near things in a clip's picture are, and in the one that it ends with; None: flat."""

    picture: DepthMap | None = None
    end: DepthMap | None = None


FLAT = ClipDepth()


def denoised_inputs(
    request: GenerationRequest, canvas: Canvas, reading: Reading, depth: ClipDepth = FLAT
) -> ClipInputs:
    """Return what the model works on for a request: all of it, or some moments at a small size.

    The moments are those of a flat picture, as the model was trained: its answers for what lies
    beyond the picture's border are brought to where depth puts them when the clip is rendered.
    """
    poses, shape = camera_poses(request, reading), request.denoised
    if shape is None:
        inputs = ClipInputs(request, canvas, poses, depth.picture)
        if canvas.end is None:
            return inputs
        back = arriving(poses, canvas.end.aspect)[::-1]
        return replace(inputs, backwards=ClipInputs(request, canvas.end, back, depth.end))
    fps = max(1, round(shape.frames * request.fps / request.frames))
    small = replace(request, width=shape.width, height=shape.height, frames=shape.frames, fps=fps)
    return ClipInputs(small, canvas.sized((shape.width, shape.height)), moments_of(poses, shape))


def moments_of(poses: Sequence[Pose], shape: DenoisedShape) -> tuple[Pose, ...]:
    """Return the poses for which a model answers, evenly from the first to the last."""
    chosen = np.linspace(0, len(poses) - 1, shape.frames).round().astype(int)
    return tuple(poses[index] for index in chosen)


def render(
    canvas: Canvas,
    path: Sequence[Pose],
    inputs: ClipInputs,
    made: Frames,
    depth: ClipDepth = FLAT,
) -> FrameSource:
    """Return a clip's frames on a path; made are those of its inputs, maybe at another size.

    Whatever the picture shows comes from its own pixels; what the model made counts only where the
    path uncovers what the picture does not hold. A picture that is a view of another one is moved
    over that one, where it was taken.
    """
    size = (made.shape[2], made.shape[1])
    source = (canvas.source.shape[1], canvas.source.shape[0])
    uncovered = warp.uncovered(source, canvas.window, inputs.poses, size)
    moments = Moments(made, uncovered, inputs.poses, canvas.window)
    seed = inputs.request.seed
    if canvas.origin is not None:
        return _going_on(canvas, canvas.origin, path, moments, seed)
    clip = move_picture(canvas, path, seed, moments, depth.picture)
    return clip if canvas.end is None else arrive(clip, canvas.end, path, seed, depth.end)


def _going_on(
    canvas: Canvas, origin: PictureView, path: Sequence[Pose], moments: Moments, seed: int
) -> FrameSource:
    """Return frames that go on from a view of a picture, whose pixels are taken where it has some.

    The poses of the path and of the moments are relative to the view.
    """
    whole = origin.canvas
    composed, answered = (
        tuple(compose(origin.pose, pose, whole.aspect) for pose in poses)
        for poses in (path, moments.poses)
    )
    # What the view shows beyond the picture is known, as is what the model made beyond the view.
    shown = np.ones_like(moments.uncovered)
    moments = replace(moments, uncovered=shown, poses=answered, window=whole.window)
    earlier = EarlierFrame(canvas.fitted, origin.pose, whole.window)
    return move_picture(whole, composed, seed, moments, earlier=earlier)


def view_after(request: GenerationRequest, canvas: Canvas, path: Sequence[Pose]) -> Pose | None:
    """Return where a rendered clip's camera ends over its picture; None where it is over none.

    That is what a clip that goes on from it needs as its canvas's origin.
    """
    rendered = request.denoised is not None and not request.depth_model and canvas.end is None
    if not rendered or (request.source and canvas.origin is None):
        return None
    origin = canvas.origin
    view = path[-1] if origin is None else compose(origin.pose, path[-1], origin.canvas.aspect)
    return view if is_possible(view) else None
