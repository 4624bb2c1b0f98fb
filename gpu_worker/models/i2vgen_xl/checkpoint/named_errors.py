"""Errors of a checkpoint's files as one line that names the file and the cause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import is_out_of_memory
from storage.domain.text import printable

CAUSE_LIMIT = 300  # characters


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Raise NotUsable, which names the path, for any error but a lack of memory."""
    try:
        yield
    except NotUsable:
        raise
    except FileNotFoundError as error:
        raise NotUsable(f"{printable(error.filename or path)} is missing") from error
    except Exception as error:  # libraries raise whatever comes up on files that others wrote
        if is_out_of_memory(error):
            raise
        raise NotUsable(f"{printable(path)} cannot be used: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    """Return an error's text in one line, with its kind where that says more."""
    text = " ".join(str(error).split())
    if isinstance(error, KeyError) or not text:
        text = f"{type(error).__name__} {text}".strip()
    return printable(text)[:CAUSE_LIMIT]
