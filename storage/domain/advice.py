"""Optional hints on prompt, picture and clip, as message keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.domain.camera.motion import Motion
from storage.domain.catalogue import Model
from storage.domain.models.ranges import Span
from storage.domain.picture import PictureFacts
from storage.domain.prompt.reading import in_other_language, speaks_of_camera
from storage.domain.prompt.subject_motion.reading import asks_subject_motion
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


def asks_too_much(request: GenerationRequest, model: Model) -> bool:
    """Tell whether the prompt asks that something in the picture moves, of a model that cannot."""
    return not model.moves_subjects and asks_subject_motion(request.prompt)


def advice_on_prompt(request: GenerationRequest, model: Model) -> tuple[Advice, ...]:
    """Return a hint on what the prompt asks for in vain, or on the camera motion that it lacks."""
    if asks_too_much(request, model):
        return (Advice("advice_camera_alone"),)
    if request.names_motion or not request.camera.strength:
        return ()
    return (Advice(_unread(request.prompt, model)),)


def advice_on_picture(request: GenerationRequest, picture: PictureFacts) -> tuple[Advice, ...]:
    """Return hints on the picture of an order, the most useful first."""
    hints: list[Advice] = []
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


def _unread(prompt: str, model: Model) -> str:
    """Return the hint on a prompt in which no motion was read."""
    if in_other_language(prompt):
        return "advice_other_language"
    if speaks_of_camera(prompt):
        return "advice_motion_guessed"
    return "advice_no_motion" if model.moves_subjects else "advice_no_camera_motion"


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
