"""Which picture goes with which prompt, and what each clip's file is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.domain.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Pair:
    """One clip to make: its picture, its prompt and the name of its file."""

    picture: Path
    prompt: str
    name: str


def pair(
    pictures: Sequence[Path], prompts: Sequence[str], each: bool = False, ending: str = "mp4"
) -> list[Pair]:
    """Join pictures and prompts: one for all, one for one, or `each` with each.

    Raises BadRequest where the numbers do not fit.
    """
    if each or len(prompts) == 1:
        together = [(picture, prompt) for picture in pictures for prompt in prompts]
    elif len(prompts) == len(pictures):
        together = list(zip(pictures, prompts, strict=True))
    else:
        raise BadRequest("request_unpaired", pictures=len(pictures), prompts=len(prompts))
    return _named(together, ending)


def _named(together: Sequence[tuple[Path, str]], ending: str) -> list[Pair]:
    """Number the clips of each stem, so that no two share a file."""
    seen: Counter[str] = Counter()
    pairs = []
    for picture, prompt in together:
        seen[picture.stem] += 1
        pairs.append(Pair(picture, prompt, f"{picture.stem}__{seen[picture.stem]}.{ending}"))
    return pairs
