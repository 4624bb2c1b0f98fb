"""What a deleted job leaves outside of the database, until it is deleted there too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LeftoverKind(StrEnum):
    """Where something is left."""

    BLOB = "blob"  # in the blob store, by its key
    STYLE = "style"  # the same of a person's style
    ATTEMPTS = "attempts"  # in Redis, by the id of the latest attempt
    MESSAGE = "message"  # in a front end's channel, by the message's id


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something to be deleted where no other job needs it.

    name is a blob's key, an attempt's id (JOB.NUMBER) or a message's id. place is the fingerprint
    of the job that the blob was of, the model whose queue the attempt was on, or the message's
    channel. front is the front end of a message. tries counts those that failed.
    """

    kind: LeftoverKind
    name: str
    place: str = ""
    front: str = ""
    id: int = 0
    tries: int = 0
