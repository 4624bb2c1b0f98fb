"""A page of a person's clips, and which page somebody wants."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from storage.domain.job import Job


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a person's clips: from the newest on, or next to one of their jobs.

    anchor is that job's id; newer asks for what comes before it in the list, and not after. search
    holds words that each prompt must have, in any case. without are ids that are left out.
    """

    owner: str
    anchor: str = ""
    newer: bool = False
    search: str = ""
    without: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class ClipPage:
    """Clips, the newest first, and the anchors of the pages next to it (empty: there is none)."""

    jobs: tuple[Job, ...] = ()
    newer: str = ""
    older: str = ""
