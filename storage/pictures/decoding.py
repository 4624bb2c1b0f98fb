"""Decodes uploads, which are not trusted, to what viewers show: upright, opaque, RGB in sRGB.

The size is checked by the header before any pixel is decoded, and broken metadata is ignored.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from hashlib import sha256

from PIL import (  # named here, or Pillow imports all of its plugins at the first of these
    AvifImagePlugin,  # noqa: F401
    Image,
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from storage.domain.errors import BadPicture
from storage.pictures.colour import to_srgb
from storage.pictures.formats import READABLE, VIDEO, sniff
from storage.pictures.sanitizing import sanitize

Size = tuple[int, int]

PIXEL_LIMIT = 50_000_000
SIDE_LIMITS = (32, 20_000)
BACKGROUND = (128, 128, 128)
SCANS = 10  # of a JPEG, at a reduced size, take the time of one pass over other formats' pixels
MAX_EXIF = 256 * 2**10  # bytes; a JPEG has room for 64 KiB

_MAYBE_MOVING = frozenset({"PNG", "WEBP", "AVIF"})
_GAP = 2.0  # how many times the wanted size is left to the good filter; see Image.resize
_END_OF_JPEG = b"\xff\xd9"
_OTHER_DATA = bytes((85 + 37 * number) % 251 for number in range(64))
_OTHER_PIXELS = _OTHER_DATA + b"".join(bytes((0xFF, 0xD0 + n % 8)) + _OTHER_DATA for n in range(16))
"""What a decoder takes for the pixels that are missing, and after any restart marker too."""

_ORIENTATION = 0x0112
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


def open_picture(data: bytes, cover: Size | None = None) -> Image.Image:
    """Return an upload as viewers show it; raise BadPicture.

    A picture that is larger than cover (width, height) on both sides is shrunk until it just covers
    it.
    """
    return PictureFile.open(data).decode(cover)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """An upload whose header was read and found good; no pixel is decoded yet.

    size is (width, height) in pixels, as shown. format is Pillow's name. orientation is EXIF's,
    from 1 to 8. animated says that there are further frames. complete is False for a JPEG without
    an end marker. work is how many pixels have to be decoded, or as many scans of a JPEG as take
    the same time.
    """

    data: bytes
    image: Image.Image
    size: Size
    format: str
    orientation: int
    animated: bool
    complete: bool
    work: int

    @classmethod
    def open(cls, data: bytes) -> PictureFile:
        """Read the header only and refuse what must not be decoded; raise BadPicture."""
        form = sniff(data)
        if form not in READABLE:
            raise _unreadable(form)
        sanitized = sanitize(form, data)
        try:
            image = _open(form, sanitized.data)
            # The size first: is_animated may already decode the first frame.
            _check_size(*image.size)
            animated = sanitized.animated
            if animated is None:
                animated = form in _MAYBE_MOVING and getattr(image, "is_animated", False)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadPicture("picture_too_large", megapixels=PIXEL_LIMIT // 10**6) from error
        except (BadPicture, MemoryError):
            raise
        except Exception as error:  # a parser fed with hostile bytes raises nearly anything
            intact = form == "TIFF" and sanitized.complete
            raise _undecodable(form, error, intact) from error
        complete = sanitized.complete or form != "JPEG"
        orientation = 1 if form == "TIFF" else _orientation(image)  # Pillow turns TIFFs itself
        return cls(
            data=sanitized.data,
            image=image,
            size=_turned(image.size, orientation),
            format=image.format or form,
            orientation=orientation,
            animated=animated,
            complete=complete,
            work=sanitized.scanned // SCANS
            if form == "JPEG" and complete
            else math.prod(image.size),
        )

    def decode(self, cover: Size | None = None) -> Image.Image:
        """Return the picture, or its first frame; only once. See open_picture."""
        if not self.complete:
            return self._completed().decode(cover)
        image, target = self.image, cover and _turned(cover, self.orientation)
        try:
            if target is not None:  # a JPEG can be decoded at down to an eighth of its size
                image.draft(image.mode, (round(target[0] * _GAP), round(target[1] * _GAP)))
            if getattr(image, "default_image", False):
                image.seek(1)  # the first is for viewers that know no animated PNGs
            image.load()
        except MemoryError:
            raise
        except Exception as error:  # a decoder fed with hostile bytes raises nearly anything
            raise _undecodable(self.format, error) from error
        try:
            picture = _shrink(_plain(image), target)
            picture = _opaque(picture, image, self.data)
        except (ValueError, OSError) as error:  # a colour space that Pillow cannot turn into RGB
            raise BadPicture("picture_unsupported_kind", format=self.format) from error
        method = _TRANSPOSES.get(self.orientation)
        return picture if method is None else picture.transpose(method)

    def _completed(self) -> PictureFile:
        """Return this JPEG with an end marker; raise BadPicture where pixels are missing.

        They are missing where the picture depends on what comes after its data. (Of the last block,
        details may be missing.)
        """
        pixels, data = set(), self.data.rstrip(b"\xff")  # half of a marker
        for rest in (b"", _OTHER_PIXELS):
            image = _open("JPEG", data + rest + _END_OF_JPEG)
            try:
                pixels.add(sha256(image.tobytes()).digest())
            except OSError as error:
                raise _undecodable("JPEG", error) from error
        if len(pixels) > 1:
            raise BadPicture("picture_truncated")
        whole = PictureFile.open(data + _END_OF_JPEG)
        if not whole.complete:  # the marker lies inside a segment that promises more
            raise BadPicture("picture_truncated")
        return whole


def _open(form: str, data: bytes) -> Image.Image:
    if form == "HEIF":
        import pillow_heif  # noqa: PLC0415 (30 ms and 10 MB that few pictures need)

        pillow_heif.options.DECODE_THREADS = 1
        pillow_heif.register_heif_opener(thumbnails=False)
    return Image.open(io.BytesIO(data), formats=(form,))


def _unreadable(form: str) -> BadPicture:
    """Return the refusal of a file that is of no format that is read."""
    if not form:
        return BadPicture("picture_not_an_image")
    if form == VIDEO:
        return BadPicture("picture_video")
    return BadPicture("picture_unsupported", format=form)


def _undecodable(form: str, error: Exception, intact: bool = False) -> BadPicture:
    """Return the refusal of a file that Pillow could not read; intact: it is whole."""
    said = str(error)
    if intact or "nsupported" in said or "not available" in said:
        return BadPicture("picture_unsupported_kind", format=form)
    return BadPicture("picture_truncated")


def _check_size(width: int, height: int) -> None:
    low, high = SIDE_LIMITS
    if min(width, height) < low:
        raise BadPicture("picture_too_small", width=width, height=height, limit=low)
    if max(width, height) > high or width * height > PIXEL_LIMIT:
        raise BadPicture("picture_too_large", megapixels=PIXEL_LIMIT // 10**6)


def _turned(size: Size, orientation: int) -> Size:
    """Return a stored size as it is shown, or a shown one as it is stored."""
    return size[::-1] if orientation in _SIDEWAYS else size


def _orientation(image: Image.Image) -> int:
    if len(image.info.get("exif") or b"") > MAX_EXIF:
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF; the picture may still be fine
        return 1


def _shrink(image: Image.Image, cover: Size | None) -> Image.Image:
    """Return the picture at the size at which it just covers another, if it is larger."""
    scale = min(image.width / cover[0], image.height / cover[1]) if cover else 1
    if scale <= 1:
        return image
    size = (round(image.width / scale), round(image.height / scale))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=_GAP)


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in one of the modes L, LA, RGB, RGBA and CMYK."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _to_eight_bits(image)
    if image.mode in ("LA", "RGBA"):
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _opaque(image: Image.Image, source: Image.Image, data: bytes) -> Image.Image:
    """Return the picture as opaque RGB in sRGB; source is what data was opened as."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    if alpha is not None:
        image = image.convert(image.mode.removesuffix("A"))
    image = to_srgb(image, source, data).convert("RGB")
    if alpha is None:
        return image
    return Image.composite(image, Image.new("RGB", image.size, BACKGROUND), alpha)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale deep grey values to 0..255, where a plain convert would clip them."""
    deep = image if image.mode == "F" else image.convert("I").convert("F")
    low, high = _white(image.mode, *deep.getextrema())
    scale = 255.0 / max(high - low, 1e-9)
    offset = 0.5 - low * scale  # convert cuts the fraction off
    return deep.point(lambda value: value * scale + offset).convert("L")


def _white(mode: str, low: float, high: float) -> tuple[float, float]:
    """Return the black and white levels of a picture whose values range from low to high."""
    common = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}.get(mode, (65535.0,))
    if low >= 0:
        for white in common:
            if high <= white:
                return 0.0, white
    return low, high
