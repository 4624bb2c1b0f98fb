"""Converts a picture to sRGB by the curves and primaries that its file declares."""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from PIL import Image, ImageChops, ImageCms

Points = tuple[tuple[float, float], ...]
Vector = tuple[float, ...]
Matrix = tuple[Vector, ...]
Curve = Callable[[float], float]

_UNSEEN = 2  # levels of 255
_D65 = (0.3127, 0.3290)
_D50: Vector = (0.9642, 1.0, 0.8249)  # XYZ
_PROFILE_TAGS = ((b"rXYZ", 0), (b"gXYZ", 1), (b"bXYZ", 2), (b"rTRC", 3), (b"gTRC", 3), (b"bTRC", 3))
_NCLX = re.compile(rb"colrnclx(....)", re.DOTALL)
_PQ_WHITE = 203.0  # cd/m2 of diffuse white (ITU-R BT.2408)
_INTEROPERABILITY, _ADOBE_RGB = 0xA005, "R03"
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)


def _from_srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _from_pq(value: float) -> float:
    """Return light relative to diffuse white (SMPTE ST 2084)."""
    root = value ** (1 / 78.84375)
    ratio = max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return float(10_000 / _PQ_WHITE * ratio ** (1 / 0.1593017578125))


def _from_hlg(value: float) -> float:
    """Return light relative to diffuse white, which is at 75 % (ITU-R BT.2100, BT.2408)."""
    high = value > 0.5
    scene = (math.exp((value - 0.55991) / 0.17883) + 0.28467) / 12 if high else value**2 / 3
    return float((scene / 0.26496) ** 1.2)


def _gamma(exponent: float) -> Curve:
    return lambda value: float(value**exponent)


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """Chromaticities (x, y) of red, green, blue and white; and the curve from value to light."""

    points: Points = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
    curve: Curve = _from_srgb

    def profile(self) -> bytes:
        """Return the ICC profile; raise ZeroDivisionError or struct.error if there can be none."""
        levels = (min(1.0, max(0.0, self.curve(value / 255))) for value in range(256))
        table = struct.pack(">I256H", 256, *(round(65535 * light) for light in levels))
        colours = [struct.pack(">3i", *(round(65536 * x) for x in xyz)) for xyz in self._colours()]
        bodies = [b"XYZ \0\0\0\0" + colour for colour in colours]
        bodies.append(b"curv\0\0\0\0" + table)
        start = 128 + 4 + 12 * len(_PROFILE_TAGS)
        starts = [start + sum(map(len, bodies[:number])) for number in range(len(bodies))]
        entries = [
            struct.pack(">4sII", tag, starts[number], len(bodies[number]))
            for tag, number in _PROFILE_TAGS
        ]
        size = start + sum(map(len, bodies))
        head = struct.pack(">I4xI12s12x4s88x", size, 0x02400000, b"mntrRGB XYZ ", b"acsp")
        return head + struct.pack(">I", len(entries)) + b"".join(entries + bodies)

    def _colours(self) -> Matrix:
        """Return XYZ of red, green and blue, adapted to the white of profiles, D50."""
        *colours, white = (_xyz(x, y) for x, y in self.points)
        amounts = _times(_inverse(tuple(zip(*colours, strict=True))), white)
        cones, wanted = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
        gains = [want / cone for want, cone in zip(wanted, cones, strict=True)]
        to_xyz, adapted = _inverse(_BRADFORD), []
        for amount, colour in zip(amounts, colours, strict=True):
            found = zip(_times(_BRADFORD, colour), gains, strict=True)
            adapted.append(_times(to_xyz, tuple(amount * gain * cone for cone, gain in found)))
        return tuple(adapted)


_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_PRIMARIES = {  # by the numbers of ITU-T H.273
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: (*_P3, (0.314, 0.351)),
    12: (*_P3, _D65),
}
_CURVES: dict[int, Curve] = {
    4: _gamma(2.2),
    5: _gamma(2.8),
    8: float,
    16: _from_pq,
    18: _from_hlg,
}
"""By the numbers of ITU-T H.273. The camera curves of video are left out: stills that name them
are shown as sRGB everywhere."""
_SRGB = ColourSpace()
_ADOBE = ColourSpace(((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65), _gamma(2.19921875))


def to_srgb(image: Image.Image, source: Image.Image, data: bytes) -> Image.Image:
    """Return an image of mode RGB, L or CMYK in sRGB.

    source is the image as it was opened from data, which declares the colours. What is declared in
    a broken way is ignored: unconverted values are the better guess.
    """
    coded = _coding(source.format or "", data)
    if coded is not None and source.format == "PNG":
        return _convert(image, coded)  # it goes before a profile
    if profile := source.info.get("icc_profile"):
        return _by_profile(image, profile)
    space = coded or _declared(source)
    return image if space is None else _convert(image, space)


def _coding(form: str, data: bytes) -> ColourSpace | None:
    """Return the space that is given by numbers (CICP) in a PNG, an AVIF or a HEIC."""
    if form == "PNG":
        start = data.find(b"cICP", 0, max(0, data.find(b"IDAT")))
        numbers = data[start + 4 : start + 6] if start > 0 else b""
    elif form in ("AVIF", "HEIF"):
        found = _NCLX.search(data)
        numbers = found[1][1::2] if found else b""
    else:
        return None
    if len(numbers) < 2:
        return None
    points = _PRIMARIES.get(numbers[0], _SRGB.points)
    return ColourSpace(points, _CURVES.get(numbers[1], _from_srgb))


def _declared(source: Image.Image) -> ColourSpace | None:
    """Return the space of a PNG's gAMA and cHRM chunks, or of a camera's Adobe RGB."""
    if source.format == "PNG":
        if "srgb" in source.info:
            return None
        return _by_chunks(source.info.get("gamma"), source.info.get("chromaticity"))
    try:
        mark = source.getexif().get_ifd(_INTEROPERABILITY).get(1)
    except Exception:  # broken EXIF; the picture may still be fine
        return None
    return _ADOBE if mark == _ADOBE_RGB else None


def _by_chunks(gamma: float | None, chromaticity: tuple[float, ...] | None) -> ColourSpace | None:
    points = _SRGB.points
    if chromaticity:
        white, *colours = zip(chromaticity[::2], chromaticity[1::2], strict=True)
        points = (*colours, white)
    plain = points == _SRGB.points and abs((gamma or 0) - 1 / 2.2) < 0.005  # how sRGB is written
    if plain or not gamma or not 0.1 <= gamma <= 10:
        return ColourSpace(points)
    return ColourSpace(points, _gamma(1 / gamma))


def _convert(image: Image.Image, space: ColourSpace) -> Image.Image:
    if image.mode == "CMYK":
        return image
    try:
        return _by_profile(image, space.profile())
    except (ZeroDivisionError, struct.error):
        return image


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert by an ICC profile, unless no difference could be seen."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "L" and own.profile.xcolor_space.strip() == "RGB":
            image = image.convert("RGB")
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(own, srgb, image.mode, "RGB")
        if image.mode != "CMYK" and _is_plain(transform, image.mode):
            return image
        return ImageCms.applyTransform(image, transform) or image
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image


def _is_plain(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Tell whether a transform changes no colour by more than one could see."""
    if mode == "L":
        probe = Image.frombytes("L", (256, 1), bytes(range(256)))
    else:
        steps = range(0, 256, 17)
        colours = ((red, green, blue) for red in steps for green in steps for blue in steps)
        probe = Image.frombytes("RGB", (16, 256), bytes(chain.from_iterable(colours)))
    converted = ImageCms.applyTransform(probe, transform)
    assert converted is not None
    return max(ImageChops.difference(probe.convert("RGB"), converted).tobytes()) <= _UNSEEN


def _xyz(x: float, y: float) -> Vector:
    return x / y, 1.0, (1 - x - y) / y


def _times(matrix: Matrix, vector: Vector) -> Vector:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return tuple(tuple(value / determinant for value in row) for row in cofactors)
