"""Made-up content filters: what is wholly red is the worst, and all that can go wrong with one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from PIL import Image, ImageStat

Score = Callable[[Image.Image], float]

RED = "tests.support.filters:red"
HANGING = "tests.support.filters:hanging"
CRASHING = "tests.support.filters:crashing"
GREEDY = "tests.support.filters:greedy"
WRONG = "tests.support.filters:wrong"
MISSING = "tests.support.filters:missing"


def redness(image: Image.Image) -> float:
    """Return by how much red is above the other colours on the average, between 0 and 1."""
    red, green, blue = ImageStat.Stat(image).mean
    return max(0.0, red - max(green, blue)) / 255


def red() -> Score:
    return redness


def hanging() -> Score:
    """Answer for what is not red alone."""

    def score(image: Image.Image) -> float:
        while redness(image) > 0.5:
            time.sleep(1)
        return 0.0

    return score


def crashing() -> Score:
    def score(image: Image.Image) -> float:
        if redness(image) > 0.5:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    return score


def greedy() -> Score:
    def score(_image: Image.Image) -> float:
        return float(len(bytearray(2**32)))

    return score


def wrong() -> Score:
    return lambda _image: float("nan")
