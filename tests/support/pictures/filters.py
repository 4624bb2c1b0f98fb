"""Made-up content filters: what is wholly red is the worst, and all that can go wrong with one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

from PIL import Image, ImageStat

from storage.domain.errors import Unavailable
from storage.filter.content_checker import ContentChecker
from storage.filter.squares import image_of

Score = Callable[[Image.Image], float]

RED = "tests.support.pictures.filters:red"
HANGING = "tests.support.pictures.filters:hanging"
CRASHING = "tests.support.pictures.filters:crashing"
GREEDY = "tests.support.pictures.filters:greedy"
WRONG = "tests.support.pictures.filters:wrong"
MISSING = "tests.support.pictures.filters:missing"


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


class RedChecker(ContentChecker):
    """Finds what is red without a process, or nothing at all while it is broken."""

    broken = False
    asked = 0

    async def score(self, squares: Sequence[bytes]) -> float:
        self.asked += 1
        if self.broken:
            raise Unavailable("unavailable_filter")
        return max(redness(image_of(square)) for square in squares)
