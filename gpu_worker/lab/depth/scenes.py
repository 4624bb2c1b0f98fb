"""Scenes of planes, layers and spheres, rendered from any place with their exact depth.

The camera looks along z from the origin. x and y of a frame are counted in its width from the
middle, and the frame is as wide as its distance: at distance 1 it shows what is 1 wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.frames import Frame

Values = NDArray[np.float32]
Place = tuple[float, float, float]

SAMPLES = 2
"""Samples for each pixel's side."""

FARTHEST = 1e3

AIR = np.array([186.0, 198.0, 212.0], np.float32)
"""The colour of haze."""

ORIGIN: Place = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Texture:
    """A colour pattern that fills space: waves (n, 3) over a base colour (3)."""

    base: Values
    waves: Values
    phases: Values
    heights: Values  # (n, 3)

    @classmethod
    def drawn(cls, random: np.random.Generator, finest: float, coarsest: float) -> Texture:
        """Return a pattern of wave lengths from the finest to the coarsest, in units of space."""
        count = 14
        lengths = np.exp(random.uniform(math.log(finest), math.log(coarsest), count))
        directions = random.normal(size=(count, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        heights = random.normal(0.0, 16.0, (count, 1)) + random.normal(0.0, 6.0, (count, 3))
        return cls(
            random.uniform(50, 205, 3).astype(np.float32),
            (2 * math.pi * directions / lengths[:, None]).astype(np.float32),
            random.uniform(0.0, 2 * math.pi, count).astype(np.float32),
            heights.astype(np.float32),
        )

    def at(self, points: Values) -> Values:
        """Return the colours (n, 3) at points (n, 3)."""
        waves = np.sin(points @ self.waves.T + self.phases)
        return np.asarray(self.base + waves @ self.heights, np.float32)


class Thing(Protocol):
    """Something in a scene."""

    @property
    def texture(self) -> Texture:
        """Return its colours."""

    def hit(self, rays: Values, place: Place) -> Values:
        """Return at which z, from a place, rays (n, 3) with z = 1 meet it; infinity: not."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A plane: what points have normal · point = offset, within a radius of its middle."""

    normal: Place
    offset: float
    texture: Texture
    middle: Place = ORIGIN
    radius: float = math.inf

    def hit(self, rays: Values, place: Place) -> Values:
        """Return at which z rays meet it."""
        normal, start = np.array(self.normal), np.array(place)
        towards = rays @ normal
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (self.offset - normal @ start) / towards
            points = rays * z[:, None] + start
            away = np.linalg.norm(points - np.array(self.middle), axis=1)
        met = np.isfinite(z) & (z > 1e-3) & (away <= self.radius)
        return np.where(met, z, np.inf).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Ball:
    """A sphere."""

    middle: Place
    radius: float
    texture: Texture

    def hit(self, rays: Values, place: Place) -> Values:
        """Return at which z rays meet its nearer side."""
        to_middle = np.array(self.middle) - np.array(place)
        square, along = (rays**2).sum(axis=1), rays @ to_middle
        inside = along**2 - square * (to_middle @ to_middle - self.radius**2)
        z = (along - np.sqrt(np.maximum(inside, 0.0))) / square
        return np.where((inside > 0) & (z > 1e-3), z, np.inf).astype(np.float32)


@dataclass(frozen=True, eq=False)
class View:
    """A frame (h, w, 3) of a scene, and the distance along z of each of its pixels (h, w)."""

    frame: Frame
    distance: Values


def render(
    things: Sequence[Thing], size: tuple[int, int], place: Place = ORIGIN, haze: float = 0.0
) -> View:
    """Return what a camera at a place sees of things; size is (width, height).

    haze is the share of the light that air takes for each unit of distance.
    """
    fine = (size[0] * SAMPLES, size[1] * SAMPLES)
    colours, far = _cast(things, fine, size[0] * SAMPLES, place)
    clear = np.power(1.0 - haze, far)[..., None]
    colours = np.asarray(AIR + clear * (colours - AIR), np.float32)
    frame = cv2.resize(colours, size, interpolation=cv2.INTER_AREA)
    _, distance = _cast(things, size, size[0], place)
    return View(np.asarray(frame.round().clip(0, 255), np.uint8), distance)


def _cast(
    things: Sequence[Thing], size: tuple[int, int], across: int, place: Place
) -> tuple[Values, Values]:
    x = (np.arange(size[0]) + 0.5 - size[0] / 2) / across
    y = (np.arange(size[1]) + 0.5 - size[1] / 2) / across
    grid = np.stack([*np.meshgrid(x, y), np.ones((size[1], size[0]))], axis=2)
    rays = grid.reshape(-1, 3).astype(np.float32)
    hits = np.stack([thing.hit(rays, place) for thing in things])
    nearest, distance = hits.argmin(axis=0), np.minimum(hits.min(axis=0), FARTHEST)
    colours = np.zeros_like(rays)
    points = rays * distance[:, None] + np.array(place, np.float32)
    for number, thing in enumerate(things):
        seen = nearest == number
        colours[seen] = thing.texture.at(points[seen])
    shape = (size[1], size[0])
    return colours.reshape(*shape, 3).astype(np.float32), distance.reshape(shape)


def layers(random: np.random.Generator) -> list[Thing]:
    """Return discs that face the camera before a wall."""
    discs: list[Thing] = []
    for distance in (1.6, 2.0, 2.6):
        x, y = random.uniform(-0.3, 0.3, 2) * distance
        texture = _texture(random, distance)
        middle = (float(x), float(y), distance)
        discs.append(Sheet((0.0, 0.0, 1.0), distance, texture, middle, 0.17 * distance))
    return [wall(random), *discs]


def planes(random: np.random.Generator) -> list[Thing]:
    """Return a floor and a wall that runs away from the camera."""
    slope = float(random.uniform(0.15, 0.35))
    floor = Sheet((0.0, 1.0, 0.0), float(random.uniform(0.5, 0.8)), _texture(random, 4.0))
    return [Sheet((slope, 0.0, 1.0), 2.8, _texture(random, 2.8)), floor]


def balls(random: np.random.Generator) -> list[Thing]:
    """Return balls on a floor before a wall."""
    height = float(random.uniform(0.5, 0.7))
    things: list[Thing] = [wall(random), Sheet((0.0, 1.0, 0.0), height, _texture(random, 4.0))]
    for distance in (1.6, 2.2, 3.0):
        radius = float(random.uniform(0.22, 0.35))
        x = float(random.uniform(-0.35, 0.35) * distance)
        middle = (x, height - radius, distance)
        things.append(Ball(middle, radius, _texture(random, distance)))
    return things


def wall(random: np.random.Generator) -> Sheet:
    """Return a wall behind everything else, which faces the camera."""
    distance = float(random.uniform(3.5, 5.0))
    return Sheet((0.0, 0.0, 1.0), distance, _texture(random, distance))


def _texture(random: np.random.Generator, distance: float) -> Texture:
    """Return a pattern that looks about as fine at any distance."""
    return Texture.drawn(random, 0.025 * distance, 0.4 * distance)
