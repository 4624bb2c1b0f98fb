"""What a model can be given beside a picture."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """Something that a model can be given; an option that needs one is offered for no other model.

    END_PICTURE is a picture that a clip ends with, CAMERA a motion or a path of the camera that is
    steered beside the prompt, CANDIDATES several clips of one order, STYLE a low-rank adapter.
    """

    PROMPT = "prompt"
    NEGATIVE_PROMPT = "negative_prompt"
    GUIDANCE = "guidance"
    END_PICTURE = "end_picture"
    CAMERA = "camera"
    CANDIDATES = "candidates"
    STYLE = "style"


USUAL = tuple(one for one in Capability if one not in (Capability.END_PICTURE, Capability.STYLE))
"""What a model can be given whose row does not say."""
