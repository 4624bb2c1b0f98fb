"""Phrases for camera motions, from which training prompts are made: phrases.yaml, read."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from storage.domain.camera.motion import Motion


@dataclass(frozen=True)
class PhraseFamily:
    """One way of speaking: whole phrases, or the directions that follow one of its verbs."""

    verbs: list[str]
    phrases: list[str]


@dataclass(frozen=True)
class Phrases:
    """One language: its families by motion, and the words that go with them.

    `{s}` in a phrase stands for one of the subjects.
    """

    subjects: list[str]
    scenes: list[str]
    slow: list[str]
    steady: list[str]
    fast: list[str]
    openings: list[str]
    families: Mapping[Motion, list[PhraseFamily]]


def _read(families: Mapping[str, list[Any]], **words: list[str]) -> Phrases:
    read = {
        Motion(name): [
            PhraseFamily(
                row.get("verbs", []),
                row.get("phrases") or list(chain.from_iterable(row["directions"])),
            )
            for row in rows
        ]
        for name, rows in families.items()
    }
    return Phrases(families=read, **words)


_FILE = yaml.safe_load(Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8"))
ENGLISH, CHINESE = _read(**_FILE["english"]), _read(**_FILE["chinese"])
