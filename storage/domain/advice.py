"""Optional hints on prompt, picture and clip, as message keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.domain.camera.motion import Motion
from storage.domain.catalogue import Span
from storage.domain.picture import PictureFacts
from storage.domain.prompt.reading import in_other_language, speaks_of_camera
from storage.domain.request import GenerationRequest

SMALL_SIDE = 256  # pixels: below it a zoom has nothing to show
DARK, BRIGHT = 0.18, 0.85  # mean luminance
FLAT = 0.06  # standard deviation of the luminance
SMALL_SUBJECT = 0.12  # of the picture's area
CROPPED = 0.3  # of the picture's area
SHAKY = 0.004  # root mean square of the deviation from a smooth path, as a share of the side
CALMING_GUIDANCE = (10, 12)


@dataclass(frozen=True, slots=True)
class Advice:
    """One hint: a message key and its parameters."""

    key: str
    parameters: tuple[tuple[str, str], ...] = ()


def advice_on_order(request: GenerationRequest, picture: PictureFacts) -> tuple[Advice, ...]:
    """Return hints on an order before it runs, the most useful first."""
    hints: list[Advice] = []
    camera = request.camera
    if not request.names_motion and camera.strength > 0.0:
        hints.append(Advice(_unread(request.prompt)))
    if picture.animated:
        hints.append(Advice("advice_picture_animated"))
    if (share := _cut_away(request, picture)) > CROPPED:
        hints.append(Advice("advice_picture_cropped", (("share", str(round(100 * share))),)))
    if min(picture.width, picture.height) < SMALL_SIDE:
        size = (("width", str(picture.width)), ("height", str(picture.height)))
        hints.append(Advice("advice_picture_small", (*size, ("side", str(SMALL_SIDE)))))
    if picture.brightness < DARK:
        hints.append(Advice("advice_picture_dark"))
    elif picture.brightness > BRIGHT:
        hints.append(Advice("advice_picture_bright"))
    elif picture.contrast < FLAT:
        hints.append(Advice("advice_picture_flat"))
    if picture.subject < SMALL_SUBJECT:
        hints.append(Advice("advice_subject_small"))
    return tuple(hints)


def _unread(prompt: str) -> str:
    """Return the hint on a prompt in which no motion was read."""
    if in_other_language(prompt):
        return "advice_other_language"
    return "advice_motion_guessed" if speaks_of_camera(prompt) else "advice_no_motion"


def _cut_away(request: GenerationRequest, picture: PictureFacts) -> float:
    """Return the share of the picture's area that is outside of the clip's shape."""
    shapes = sorted((request.width / request.height, picture.width / picture.height))
    return 1.0 - shapes[0] / shapes[1]


def advice_on_clip(
    motion: Motion, scores: Mapping[str, float], guidance: float, recommended: Span
) -> tuple[Advice, ...]:
    """Return hints on a finished clip, by its score `shake`.

    recommended is the model's range of guidance; nothing outside it is suggested.
    """
    low, high = CALMING_GUIDANCE
    shaky = motion is not Motion.SHAKE and scores.get("shake", 0.0) > SHAKY
    if not shaky or guidance >= low or low not in recommended:
        return ()
    highest = f"{min(high, recommended.high):g}"
    return (Advice("advice_shaky_clip", (("low", str(low)), ("high", highest))),)
