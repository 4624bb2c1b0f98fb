"""A message about a job beside its answer: a copy of its clip, or a report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PostKind(StrEnum):
    """What a message is."""

    CLIP = "clip"  # shows the clip to all who read the channel; its owner wanted that
    REPORT = "report"  # tells moderators of a report


@dataclass(frozen=True, slots=True)
class Post:
    """A message by the ids of a job and of a front end."""

    job: str
    front: str
    channel: str
    message: str
    kind: PostKind = PostKind.CLIP
