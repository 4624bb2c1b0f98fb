"""The layout of a low-rank adapter's safetensors file, read from its header alone.

The format holds numbers and their names, and nothing that could run. Names are those that
diffusers, peft and kohya's scripts write, of the UNet alone.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from storage.domain.errors import BadStyle
from storage.domain.text import printable

MOST_BYTES = 128 * 2**20
MOST_HEADER = 4 * 2**20  # bytes
MOST_TENSORS = 8192
MOST_NAME = 256  # bytes
MOST_SIDES = 5
MOST_SIDE = 2**24
MOST_RANK = 512
MOST_PATTERNS = 4096
LENGTH_BYTES = 8  # of the header's length, at the start of the file
METADATA = "__metadata__"
SETTINGS = "lora_adapter_metadata"
"""The entry of the metadata in which diffusers writes peft's settings, each with PREFIX."""

PREFIX = "unet."
PREFIXES = ("base_model.model.", PREFIX)
"""What may stand before a layer's own name."""
FLOATS = {"F16": 2, "BF16": 2, "F32": 4}  # bytes
PICKLES = (b"\x80", b"PK\x03\x04")
FAULTS = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What reading JSON of any other form than the expected one raises."""

_FACTOR = re.compile(
    r"(?P<module>.+?)(?:\.lora_(?P<letter>[AB])(?:\.\w+)?|[._]lora[._](?P<way>down|up))\.weight"
)
_KOHYA = re.compile(r"(?P<module>lora_unet_\w+)\.lora_(?P<way>down|up)\.weight")
_UNET = re.compile(
    r"(down_blocks|up_blocks|mid_block|conv_in|conv_out|transformer_in"
    r"|image_latents_\w+|(time|fps|context)_embedding)\."
)
_ALPHA = ".alpha"
_NAME_SHOWN = 120  # characters

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LowRankPair:
    """One layer's change of weights: its two factors' names in the file, and their shapes.

    module is the layer's name in diffusers' UNet, or kohya's form of it. down is (r, i, ...), up
    (o, r, ...), and their product counts alpha / r times. alpha_name is the number's own name in
    the file, where it has one.
    """

    module: str
    down: str
    up: str
    down_shape: Shape
    up_shape: Shape
    alpha: float
    alpha_name: str = ""

    @property
    def rank(self) -> int:
        """Return the inner size of the product."""
        return self.down_shape[0]


def read_layout(file: BinaryIO) -> tuple[LowRankPair, ...]:
    """Return the pairs of an opened file; raise BadStyle where it is no adapter of a UNet."""
    return _pairs(_read_header(file))


def with_settings(data: bytes, settings: Mapping[str, Any]) -> bytes:
    """Return a file with peft's settings (its adapter_config.json) in its metadata."""
    length = int.from_bytes(data[:LENGTH_BYTES], "little")
    header = json.loads(data[LENGTH_BYTES : LENGTH_BYTES + length])
    known = {PREFIX + name: value for name, value in settings.items()}
    header[METADATA] = {SETTINGS: json.dumps(known, sort_keys=True)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % LENGTH_BYTES)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text + data[LENGTH_BYTES + length :]


def _read_header(file: BinaryIO) -> dict[str, Any]:
    """Return the header of a file whose numbers are all there and nothing else; raise BadStyle."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(LENGTH_BYTES)
    if start.startswith(PICKLES):
        raise BadStyle("style_pickle")
    if size > MOST_BYTES:
        raise BadStyle("style_too_large", limit=MOST_BYTES // 2**20)
    length = int.from_bytes(start, "little")
    if not 2 <= length <= min(MOST_HEADER, size - LENGTH_BYTES):
        raise BadStyle("style_not_safetensors")
    try:
        header = json.loads(file.read(length).decode())
        metadata = _checked_metadata(header.pop(METADATA, {}))
        if len(header) > MOST_TENSORS:
            raise ValueError("too many tensors")
        spans = sorted(_checked_span(name, entry) for name, entry in header.items())
    except BadStyle:
        raise
    except FAULTS as error:
        raise BadStyle("style_not_safetensors") from error
    ends = [0, *(end for _, end in spans)]
    if [begin for begin, _ in spans] != ends[:-1] or ends[-1] != size - LENGTH_BYTES - length:
        raise BadStyle("style_damaged")
    return {**header, METADATA: metadata}


def _checked_span(name: str, entry: Any) -> tuple[int, int]:
    """Return where a tensor's bytes begin and end; raise BadStyle or one of FAULTS.

    The shape is bounded before it is multiplied: the product of thousands of sides takes minutes,
    in which no other thread runs.
    """
    kind, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if len(name.encode()) > MOST_NAME:
        raise BadStyle("style_unknown_weights", name=_shown(name))
    if kind not in FLOATS:
        raise BadStyle("style_number_format", name=_shown(name), found=_shown(kind))
    if len(shape) > MOST_SIDES or not all(_is_whole(side, MOST_SIDE) for side in shape):
        raise ValueError("no tensor's shape")
    if not (_is_whole(begin, MOST_BYTES) and _is_whole(end, MOST_BYTES)):
        raise BadStyle("style_damaged")
    if end - begin != math.prod(shape) * FLOATS[kind]:
        raise BadStyle("style_damaged")
    return begin, end


def _is_whole(number: Any, limit: int) -> bool:
    return type(number) is int and 0 <= number <= limit


def _checked_metadata(metadata: Any) -> dict[str, str]:
    """Return a file's metadata; raise one of FAULTS where safetensors would not read it."""
    for name, value in metadata.items():
        name.encode()
        value.encode()
    return dict(metadata)


def _pairs(header: dict[str, Any]) -> tuple[LowRankPair, ...]:
    shapes = {name: tuple(entry["shape"]) for name, entry in header.items() if name != METADATA}
    factors: dict[str, dict[str, str]] = {}
    alphas: dict[str, str] = {}
    for name, shape in shapes.items():
        if name.endswith(_ALPHA) and math.prod(shape) == 1:
            alphas[_module(name.removesuffix(_ALPHA))] = name
            continue
        module, way = _factor(name)
        if factors.setdefault(module, {}).setdefault(way, name) != name:
            raise BadStyle("style_unknown_weights", name=_shown(name))
    if not factors or alphas.keys() - factors.keys():
        raise BadStyle("style_no_weights")
    settings = _Settings.of(header[METADATA])
    pairs = []
    for module, ways in factors.items():
        if len(ways) < 2:
            raise BadStyle("style_incomplete", name=_shown(module))
        down, up = shapes[ways["down"]], shapes[ways["up"]]
        rank = down[0] if down else 0
        if len(down) < 2 or len(up) < 2 or up[1] != rank or not 1 <= rank <= MOST_RANK:
            raise BadStyle("style_rank", name=_shown(module), limit=MOST_RANK)
        alpha, named = settings.alpha(module, rank), alphas.get(module, "")
        pairs.append(LowRankPair(module, ways["down"], ways["up"], down, up, alpha, named))
    return tuple(sorted(pairs, key=lambda pair: pair.module))


def _factor(name: str) -> tuple[str, str]:
    """Return a factor's module, and `down` or `up`; raise BadStyle for any other tensor."""
    kohya = _KOHYA.fullmatch(name)
    if kohya is not None:
        return kohya["module"], kohya["way"]
    found = _FACTOR.fullmatch(name)
    if found is None or not _UNET.match(_without_prefix(name)):
        raise BadStyle("style_unknown_weights", name=_shown(name))
    way = found["way"] or {"A": "down", "B": "up"}[found["letter"]]
    return _module(found["module"]), way


def _module(name: str) -> str:
    """Return the UNet's own name for a module, however the file writes it."""
    name = _without_prefix(name)
    if ".processor." in name:  # as diffusers wrote them before it used peft
        name = name.replace(".processor.", ".")
        name += ".0" if name.endswith(".to_out") else ""
    return name


def _without_prefix(name: str) -> str:
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _endings(module: str) -> Iterator[str]:
    """Yield a module's name, and it without each number of its first parts."""
    while module:
        yield module
        module = module.partition(".")[2]


def _shown(name: str) -> str:
    return printable(str(name)[:_NAME_SHOWN])


@dataclass(frozen=True, slots=True)
class _Settings:
    """What peft's settings say of the products' weight; a rank is the file's own.

    default is lora_alpha, None where there are no settings: the product counts once then. patterns
    are the alphas of single modules, by how a module's name ends, each with its place among them.
    """

    default: float | None
    patterns: Mapping[str, tuple[int, float]]
    root: bool

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> _Settings:
        """Read the settings in a file's metadata, if any; raise BadStyle."""
        try:
            found = json.loads(metadata.get(SETTINGS, "{}"))
            settings = {name.removeprefix(PREFIX): value for name, value in found.items()}
            if settings.get("use_dora"):
                raise BadStyle("style_kind", name="DoRA")
            alpha = settings.get("lora_alpha")
            patterns = settings.get("alpha_pattern") or {}
            if len(patterns) > MOST_PATTERNS:
                raise ValueError("too many patterns")
            return cls(
                None if alpha is None else float(alpha),
                {
                    name: (place, float(value))
                    for place, (name, value) in enumerate(patterns.items())
                },
                bool(settings.get("use_rslora")),
            )
        except BadStyle:
            raise
        except FAULTS as error:
            raise BadStyle("style_not_safetensors") from error

    def alpha(self, module: str, rank: int) -> float:
        """Return by how much a module's product counts, times its rank."""
        endings = _endings(module) if self.patterns else ()
        found = [self.patterns[ending] for ending in endings if ending in self.patterns]
        own = min(found)[1] if found else self.default  # the first counts, as with peft
        if own is None:
            return float(rank)
        return own * math.sqrt(rank) if self.root else own
