"""Checks what a message says, which anybody who reaches Redis may have written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from storage.codec import CodecError
from storage.domain.clip import Adjustment
from storage.domain.models.served_model import ServedModel

NAME_LIMIT = 64  # characters of a job's id
TEXT_LIMIT = 500  # characters of a text that is shown
LIST_LIMIT = 50
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
BLOB = re.compile(r"[0-9a-f]{64}")


def check_attempt(job: str, attempt: int) -> None:
    """Raise CodecError unless these can be a job and an attempt at it."""
    check_between("attempt", attempt, 0, 10**6)
    if len(job) > NAME_LIMIT or not job.isprintable():
        raise CodecError("job: not an id")


def check_served(served: ServedModel) -> None:
    """Raise CodecError where a served model has too long a name."""
    check_between("revision", served.revision, 0, 10**9)
    if max(len(served.name), len(served.source)) > TEXT_LIMIT:
        raise CodecError("name or source: too long")


def check_notes(notes: tuple[Adjustment, ...], scores: tuple[tuple[str, float], ...]) -> None:
    """Raise CodecError unless adjustments and scores can be shown."""
    check_texts((note.key, note.parameters) for note in notes)
    if len(scores) > LIST_LIMIT or any(not KEY.fullmatch(name) for name, _ in scores):
        raise CodecError("scores: too many, or a name that is none")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raise CodecError unless a number is within its bounds."""
    if not low <= value <= high:
        raise CodecError(f"{name}: not between {low} and {high}")


def check_blob(name: str, key: str) -> None:
    """Raise CodecError unless a key is a blob's, or empty."""
    if key and not BLOB.fullmatch(key):
        raise CodecError(f"{name}: not a blob's key")


def check_texts(texts: Iterable[tuple[str, tuple[tuple[str, str], ...]]]) -> None:
    """Raise CodecError unless these are message keys with names and values of parameters."""
    for number, (key, parameters) in enumerate(texts):
        if number >= LIST_LIMIT or len(parameters) > LIST_LIMIT:
            raise CodecError("too many messages or parameters")
        if not all(KEY.fullmatch(name) for name in (key, *(name for name, _ in parameters))):
            raise CodecError("not a message key, or not a parameter's name")
        if any(len(value) > TEXT_LIMIT for _, value in parameters):
            raise CodecError("a parameter is too long")
