"""Makes inputs nobody would write: bytes, texts and JSON changed at random."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

STRANGE = (
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u2028",
    "\u202e",  # from right to left
    "\u200b",  # no width
    "\ufeff",
    "\ud800",  # half a surrogate pair
    "e\u0301\u0301\u0301",
    "\U0001f9d1\u200d\U0001f680",
    "镜头推近",
    "カメラ",
    "камера",
    "تكبير",
    "@everyone",
    "<@1>",
    "```",
    "%s%n{0}{}",
    "../../etc/passwd",
    "'; DROP TABLE jobs; --",
    "[x](https://example.invalid)",
)
WORDS = (
    *("zoom", "in", "out", "pan", "left", "tilt", "up", "then", "slowly", "not", "camera", "no"),
    *("roll", "orbit", "shake", "still", "and", "first", "the", "cat", "inwards", "avoid", "twice"),
)
NUMBERS = (
    *("0", "-0", "-1", "1e308", "1e999", "nan", "inf", "9" * 400, "0x10", "1_000", "٣", "½", " 7 "),
    *("true", "null", "None", ""),
)
EDGES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
LONGEST = 6000  # characters


def changed_bytes(rng: random.Random, data: bytes) -> bytes:
    """Return a file with a few places overwritten, cut out, repeated, or swapped."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        if not changed:
            break
        at = rng.randrange(len(changed))
        near = at + rng.randint(1, 64)
        match rng.randrange(7):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at:near] = rng.randbytes(near - at)
            case 2:
                del changed[at:near]
            case 3:
                changed[at:at] = changed[at:near] * rng.choice((1, 2, 50))
            case 4:
                form = rng.choice((">I", "<I", ">H", "<H"))
                size = struct.calcsize(form)
                edge = rng.choice(EDGES) & (256**size - 1)
                changed[at : at + size] = struct.pack(form, edge)
            case 5:
                del changed[at:]
            case 6:
                changed[at:] = changed[at:][::-1]
    return bytes(changed)


def text(rng: random.Random) -> str:
    """Return words, letters of any script, numbers and what breaks readers, in any order."""
    makers: Sequence[Callable[[], str]] = (
        lambda: rng.choice(WORDS),
        lambda: rng.choice(STRANGE),
        lambda: rng.choice(NUMBERS),
        lambda: chr(rng.randrange(0x110000)),
        lambda: rng.choice(WORDS) * rng.choice((1, 3, 300)),
        lambda: rng.choice("()[]{},;:.!?-*+|\\/^$ ") * rng.choice((1, 2, 500)),
    )
    between = rng.choice((" ", "", ", ", "\n", " then "))
    parts = (rng.choice(makers)() for _ in range(rng.randint(0, rng.choice((3, 12, 60)))))
    return between.join(parts)[:LONGEST]


def value(rng: random.Random, depth: int = 3) -> Any:
    """Return any value that JSON can hold, and some that only Python writes."""
    makers: list[Callable[[], Any]] = [
        lambda: text(rng),
        lambda: rng.choice((None, True, False, 0, -1, 1, 2**63, -(2**70), 1e308, 0.5)),
        lambda: rng.choice((float("nan"), float("inf"))),
        lambda: rng.randrange(1000),
    ]
    if depth:
        makers += [
            lambda: [value(rng, depth - 1) for _ in range(rng.randrange(4))],
            lambda: {text(rng)[:20]: value(rng, depth - 1) for _ in range(rng.randrange(4))},
        ]
    return rng.choice(makers)()


def changed_json(rng: random.Random, message: str) -> str:
    """Return a message with a value somewhere in it replaced, left out or added, or broken."""
    if rng.random() < 0.15:
        return changed_bytes(rng, message.encode()).decode(errors="replace")
    if rng.random() < 0.02:
        return "[" * 100_000
    whole = json.loads(message)
    at: Any = whole
    while isinstance(at, dict | list) and at:
        keys = list(at) if isinstance(at, dict) else range(len(at))
        key = rng.choice(keys)
        inside = at[key]
        if isinstance(inside, dict | list) and inside and rng.random() < 0.7:
            at = inside
            continue
        match rng.randrange(3):
            case 0:
                at[key] = value(rng)
            case 1:
                del at[key]
            case _ if isinstance(at, dict):
                at[text(rng)[:20]] = value(rng)
            case _:
                at.append(value(rng))
        break
    return json.dumps(whole)
