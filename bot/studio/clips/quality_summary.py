"""Summarises a clip's quality scores as message keys and as figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from storage.domain.advice import SHAKY
from storage.domain.camera.motion import Motion
from storage.domain.clip import Clip


@dataclass(frozen=True, slots=True)
class Measure:
    """When a score is good, and its number format; a good one is summarised if shown_if_good."""

    is_good: Callable[[float], bool]
    figure: str
    shown_if_good: bool = True


MEASURES: Mapping[str, Measure] = {
    "motion": Measure(lambda value: value >= 0.5, "{:.0%}"),  # the share of the motion asked for
    "shake": Measure(lambda value: value <= SHAKY, "{:.2%}"),  # of the frame's side
    "first_frame": Measure(lambda value: value >= 25.0, "{:.0f} dB"),  # against the picture
    "flicker": Measure(lambda value: value <= 0.03, "{:.1%}", shown_if_good=False),  # of full scale
}
OTHER = "{:.2f}"


def shown_scores(clip: Clip, asked: bool) -> tuple[tuple[str, float], ...]:
    """Return the scores that mean something; asked tells whether a camera motion was asked for."""
    return tuple(one for one in clip.scores if asked or one[0] != "motion")


def summary(clip: Clip, asked: bool = True, camera_alone: bool = False) -> tuple[str, ...]:
    """Return message keys for the scores that a viewer would notice, the motion first.

    camera_alone: more was asked for than a motion of the camera, and the model makes no more.
    """
    scores = dict(shown_scores(clip, asked))
    keys = []
    for name, measure in MEASURES.items():
        intended = name == "shake" and clip.motion is Motion.SHAKE
        if name in scores and not intended:
            good = measure.is_good(scores[name])
            if not good or measure.shown_if_good:
                keys.append(key_of(name, scores[name], camera_alone))
    return tuple(keys)


def key_of(name: str, value: float, camera_alone: bool = False) -> str:
    """Return the message key of one score, empty where there is only a figure for it."""
    measure = MEASURES.get(name)
    if camera_alone and name == "motion":
        name = "camera"
    return f"verdict_{name}_{'good' if measure.is_good(value) else 'bad'}" if measure else ""


def figure(name: str, value: float) -> str:
    """Return one score as a figure."""
    measure = MEASURES.get(name)
    return (measure.figure if measure else OTHER).format(value)
