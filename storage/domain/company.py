"""Company: which jobs may share the engine's forward passes."""

from __future__ import annotations

from collections.abc import Hashable

from storage.domain.request import GenerationRequest

SHARED = ("model", "width", "height", "frames", "fps", "steps", "guidance", "preset")
"""What requests must agree on to run through the same passes, beside the camera's strength."""


def kind(request: GenerationRequest) -> Hashable:
    """Return what is equal for requests that may share their forward passes."""
    return (*(getattr(request, name) for name in SHARED), request.camera.strength)


def may_share(request: GenerationRequest, attempt: int) -> bool:
    """Tell whether an attempt may share passes at all: a first one may, at one clip."""
    return attempt == 1 and request.candidates == 1
