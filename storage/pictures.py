"""Safe reading of uploaded pictures.

Uploads are not trusted: only common still formats are tried, the size is checked by the header
before any pixel is decoded, and broken metadata is ignored.
"""

from __future__ import annotations

import io

from PIL import Image, ImageCms, ImageFilter, ImageStat

from storage.domain.errors import BadPicture
from storage.domain.picture import PictureFacts

PIXEL_LIMIT = 50_000_000
SIDE_LIMITS = (32, 20_000)
BACKGROUND = (128, 128, 128)

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_MAYBE_MOVING = frozenset({"PNG", "GIF", "WEBP", "AVIF"})
_PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_SIGNATURES = (
    (0, b"\x89PNG"),
    (0, b"\xff\xd8\xff"),
    (0, b"GIF8"),
    (8, b"WEBP"),
    (0, b"BM"),
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
    (4, b"ftypavif"),
)
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


def inspect(data: bytes) -> PictureFacts:
    """Return the facts about an upload; raise BadPicture if it cannot be animated."""
    image = _open(data)
    full = image.size
    image.draft(image.mode, (256, 256))  # decodes a JPEG at down to an eighth of its size
    drafted = image.size != full
    upright = _decode(image)
    width, height = upright.size
    if drafted:
        width, height = full[::-1] if _orientation(image) in _SIDEWAYS else full
    small = _flatten(upright)
    small.thumbnail((256, 256), reducing_gap=2.0)
    grey = small.convert("L")
    statistics = ImageStat.Stat(grey)
    return PictureFacts(
        format=(image.format or "").lower(),
        width=width,
        height=height,
        animated=False,
        brightness=statistics.mean[0] / 255,
        contrast=statistics.stddev[0] / 255,
        subject=_subject(grey),
    )


def _subject(grey: Image.Image) -> float:
    """Return the smallest share of the area that has four fifths of the edges' energy."""
    edges = grey.filter(ImageFilter.FIND_EDGES)
    inner = (
        2,
        2,
        max(3, edges.width - 2),
        max(3, edges.height - 2),
    )  # the filter's valid part
    cells = edges.crop(inner).resize((16, 16), Image.Resampling.BOX)
    energy = sorted((level * level for level in cells.tobytes()), reverse=True)
    wanted, found = 0.8 * sum(energy), 0
    for count, part in enumerate(energy, start=1):
        found += part
        if found >= wanted > 0:
            return count / len(energy)
    return 1.0


def open_picture(data: bytes) -> Image.Image:
    """Return an upload as viewers show it: upright, opaque, RGB in sRGB."""
    return _flatten(_decode(_open(data)))


def _open(data: bytes) -> Image.Image:
    """Read the header only and refuse what must not be decoded."""
    try:
        image = Image.open(io.BytesIO(_without_texts(data)), formats=_FORMATS)
        width, height = image.size
        # The size first: is_animated may already decode the first frame.
        _check_size(width, height)
        animated = image.format in _MAYBE_MOVING and getattr(image, "is_animated", False)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture("picture_too_large", megapixels=PIXEL_LIMIT // 10**6) from error
    except BadPicture:
        raise
    except Exception as error:  # a parser fed with hostile bytes raises nearly anything
        raise BadPicture(_broken(data)) from error
    if animated:
        raise BadPicture("picture_animated")
    return image


def _without_texts(data: bytes) -> bytes:
    """Return a PNG without its text chunks, which may be decompression bombs; others unchanged."""
    if not data.startswith(_PNG):
        return data
    kept, start = [_PNG], len(_PNG)
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4])
        if data[start + 4 : start + 8] not in _TEXTS:
            kept.append(data[start:end])
        start = end
    return b"".join([*kept, data[start:]])


def _check_size(width: int, height: int) -> None:
    low, high = SIDE_LIMITS
    if min(width, height) < low:
        raise BadPicture("picture_too_small", width=width, height=height, limit=low)
    if max(width, height) > high or width * height > PIXEL_LIMIT:
        raise BadPicture("picture_too_large", megapixels=PIXEL_LIMIT // 10**6)


def _broken(data: bytes) -> str:
    """Return the message key for a truncated picture, or for data that is none."""
    known = any(data[start : start + len(mark)] == mark for start, mark in _SIGNATURES)
    return "picture_truncated" if known else "picture_not_an_image"


def _decode(image: Image.Image) -> Image.Image:
    """Decode every pixel and apply the EXIF orientation."""
    try:
        image.load()
    except Exception as error:  # a decoder fed with hostile bytes raises nearly anything
        raise BadPicture("picture_truncated") from error
    method = _TRANSPOSES.get(_orientation(image))
    return image if method is None else _keep_info(image, image.transpose(method))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF; the picture may still be fine
        return 1


def _flatten(image: Image.Image) -> Image.Image:
    """Return the picture as opaque 8-bit RGB in sRGB."""
    try:
        if image.mode in ("I", "F") or image.mode.startswith("I;16"):
            image = _to_eight_bits(image)
        if image.has_transparency_data:
            image = _keep_info(image, image.convert("RGBA"))
        elif image.mode == "P":
            image = _keep_info(image, image.convert("RGB"))
        image = _to_srgb(image)
        if image.mode == "RGBA":
            ground = Image.new("RGBA", image.size, (*BACKGROUND, 255))
            image = Image.alpha_composite(ground, image)
        return image.convert("RGB")
    except (ValueError, OSError) as error:  # a colour space that Pillow cannot turn into RGB
        raise BadPicture("picture_not_an_image") from error


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


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert from the picture's own colour profile, if it has a usable one."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(own):
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(
            image, own, ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image  # a broken profile; unconverted values are the better guess
    return converted or image


def _keep_info(old: Image.Image, new: Image.Image) -> Image.Image:
    """Copy the colour profile to a converted copy."""
    if "icc_profile" in old.info:
        new.info["icc_profile"] = old.info["icc_profile"]
    return new
