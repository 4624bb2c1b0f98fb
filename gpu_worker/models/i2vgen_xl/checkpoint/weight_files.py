"""The files of a component's weights: one or several shards, in half precision where there are two.

Nothing here imports a framework: the files are read ahead before that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from gpu_worker.engine.api import NotUsable
from storage.domain.text import printable

COMPONENTS = ("unet", "vae", "text_encoder", "image_encoder")
"""The components that have weights."""

SUFFIX = ".safetensors"
SHARD = re.compile(r"(?P<before>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<after>.*)")
"""A shard's name without its suffix: the variant stands before or after the numbers."""

HALF = "fp16"
POINTER = b"version https://git-lfs"


def weight_files(folder: Path) -> tuple[Path, ...]:
    """Return the files that hold a component's weights together; raise NotUsable."""
    names = (path.name for path in folder.glob("*"))
    return tuple(folder / name for name in choose(str(folder), names))


def choose(folder: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of a folder's files that hold all of its weights; raise NotUsable.

    Of several complete sets the one in half precision is taken. A set whose shards are not all
    there counts only where there is no other.
    """
    names = sorted(names)
    sets: list[tuple[str, ...]] = []
    shards: dict[tuple[str, str, int], dict[int, str]] = defaultdict(dict)
    for name in names:
        found = SHARD.fullmatch(name.removesuffix(SUFFIX))
        if not name.endswith(SUFFIX):
            continue
        if found is None:
            sets.append((name,))
        else:
            before, number, count, after = found.groups()
            shards[before, after, int(count)][int(number)] = name
    for (_, _, count), parts in shards.items():
        if parts.keys() == set(range(1, count + 1)):
            sets.append(tuple(parts[number] for number in sorted(parts)))
    if sets:
        return min(sets, key=lambda files: (HALF not in files[0], files))
    raise NotUsable(_lack(folder, names, shards))


def check_whole(file: Path) -> None:
    """Raise NotUsable where a file is evidently none of weights."""
    with file.open("rb") as opened:
        start = opened.read(len(POINTER))
    if start == POINTER:
        raise NotUsable(
            f"{printable(file)} is a Git LFS pointer and not the weights: run `git lfs pull`"
        )
    if not start:
        raise NotUsable(f"{printable(file)} is empty")


def _lack(folder: str, names: list[str], shards: dict[tuple[str, str, int], dict[int, str]]) -> str:
    """Return what a folder without a complete set of weights lacks."""
    for (before, after, count), parts in shards.items():
        number = next((one for one in range(1, count + 1) if one not in parts), 0)
        name = f"{before}-{number:05}-of-{count:05}{after}{SUFFIX}"
        return f"{printable(folder)}/{printable(name)} is missing"
    if any(name.endswith(".bin") for name in names):
        return (
            f"{printable(folder)} holds its weights in .bin files, which can run code when they are"
            " read: convert them to safetensors"
        )
    return f"{printable(folder)} holds no weights: there is no {SUFFIX} file in it"
