"""Report: the evaluation's numbers as one JSON object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from gpu_worker.lab.evaluate.clip_evaluator import Made
from gpu_worker.lab.evaluate.ground_truth import Comparison
from storage.domain.camera.motion import Motion

Value: TypeAlias = "str | int | float | list[str] | dict[str, Value]"


def of_clips(clips: Sequence[Made]) -> dict[str, Value]:
    """Return what holds for all clips: obedience per motion, and the means of their quality."""

    def mean(value: Callable[[Made], float]) -> float:
        return _rounded(map(value, clips))

    return {
        "clips": len(clips),
        "pictures": len({made.asked.stem for made in clips}),
        **_obedience(clips),
        "first_frame_psnr": mean(lambda made: made.psnr),
        "first_frame_ssim": mean(lambda made: made.ssim),
        "sharpness_kept": mean(lambda made: made.sharpness),
        "flicker": mean(lambda made: made.flicker),
        "seconds_per_clip": mean(lambda made: made.seconds),
    }


def of_camera_off(clips: Sequence[Made]) -> dict[str, Value]:
    """Return how well the model obeys words alone."""
    return {"clips": len(clips), **_obedience(clips)}


def of_comparisons(comparisons: Sequence[Comparison]) -> dict[str, Value]:
    """Return the errors against the true crops, per motion; a lower model_error is the aim."""
    report: dict[str, Value] = {}
    for motion in dict.fromkeys(one.motion for one in comparisons):
        same = [one for one in comparisons if one.motion is motion]
        report[motion] = {
            "picture_error": _rounded(one.picture_error for one in same),
            "moved_error": _rounded(one.moved_error for one in same),
            "model_error": _rounded(one.model_error for one in same),
            "picture_psnr": _rounded(one.picture_psnr for one in same),
            "moved_psnr": _rounded(one.moved_psnr for one in same),
            "model_psnr": _rounded(one.model_psnr for one in same),
        }
    return report


def _obedience(clips: Sequence[Made]) -> dict[str, Value]:
    motions = dict.fromkeys(made.asked.motion for made in clips)
    per_motion: dict[str, Value] = {
        motion: _share(made for made in clips if made.asked.motion is motion)
        for motion in map(Motion, motions)
    }
    return {
        "obeyed": per_motion,
        "obeyed_overall": _share(clips),
        "missed": [made.asked.name for made in clips if not made.obeyed],
    }


def _share(clips: Iterable[Made]) -> float:
    return _rounded(float(made.obeyed) for made in clips)


def _rounded(values: Iterable[float]) -> float:
    """Return the mean with four digits, 0 of nothing."""
    listed = list(values)
    return round(float(np.mean(listed)), 4) if listed else 0.0
