"""The evaluation's numbers, ready for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from gpu_worker.lab.evaluate.clip_evaluator import EvaluatedClip
from storage.domain.camera.motion import Motion

Value: TypeAlias = "str | int | float | list[str] | dict[str, Value]"


def clip_metrics(clips: Sequence[EvaluatedClip]) -> dict[str, Value]:
    """Return what holds for all clips: motions as expected, and the means of their quality."""
    return {
        "clips": len(clips),
        "pictures": len({clip.spec.stem for clip in clips}),
        **_motion_metrics(clips),
        "first_frame_psnr": _mean(clip.psnr for clip in clips),
        "first_frame_psnr_lowest": round(min((clip.psnr for clip in clips), default=0.0), 4),
        "first_frame_ssim": _mean(clip.ssim for clip in clips),
        "energy_where_shown": _mean(clip.last.shown for clip in clips),
        "energy_where_filled": _mean(
            clip.last.filled for clip in clips if clip.last.filled is not None
        ),
        "jump_across_border": _mean(clip.last.seam for clip in clips if clip.last.seam is not None),
        "flicker": _mean(clip.flicker for clip in clips),
        "seconds_per_clip": _mean(clip.seconds for clip in clips),
    }


def camera_off_metrics(clips: Sequence[EvaluatedClip]) -> dict[str, Value]:
    """Return how often the model alone, without a camera, makes the motion of the prompt."""
    return {"clips": len(clips), **_motion_metrics(clips)}


def comparison_metrics(
    comparisons: Iterable[tuple[Motion, Mapping[str, float]]],
) -> dict[str, Value]:
    """Return the mean errors against the true crops, per motion."""
    found: dict[Motion, list[Mapping[str, float]]] = {}
    for motion, errors in comparisons:
        found.setdefault(motion, []).append(errors)
    return {
        motion: {name: _mean(one[name] for one in same) for name in same[0]}
        for motion, same in found.items()
    }


def _motion_metrics(clips: Sequence[EvaluatedClip]) -> dict[str, Value]:
    per_motion: dict[str, Value] = {
        motion: _mean(clip.as_expected for clip in clips if clip.spec.motion is motion)
        for motion in dict.fromkeys(clip.spec.motion for clip in clips)
    }
    return {
        "obeyed": per_motion,
        "obeyed_overall": _mean(clip.as_expected for clip in clips),
        "missed": [clip.spec.name for clip in clips if not clip.as_expected],
    }


def _mean(values: Iterable[float]) -> float:
    """Return the mean with four digits, 0 of nothing."""
    listed = list(values)
    return round(float(np.mean(listed)), 4) if listed else 0.0
