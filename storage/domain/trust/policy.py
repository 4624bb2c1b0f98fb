"""What a server's managers have set for their server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from storage.domain.errors import BadRequest

MOST_BANS = 1000
SPARSE = {"sparse": True}
"""A field that is not written while nobody has set it, so that earlier releases read the rest."""


@dataclass(frozen=True, slots=True)
class RoleAllowance:
    """What the members with a role may order in the server; None: the role says nothing of it.

    side is the longer side of a clip in pixels, seconds how long a clip may play.
    """

    role: str
    credits_per_day: int | None = field(default=None, metadata=SPARSE)
    credits_per_month: int | None = field(default=None, metadata=SPARSE)
    unfinished_jobs: int | None = field(default=None, metadata=SPARSE)
    side: int | None = field(default=None, metadata=SPARSE)
    seconds: float | None = field(default=None, metadata=SPARSE)


@dataclass(frozen=True, slots=True)
class Ban:
    """A person who may order nothing, by whom (whom they may ask), since when, and why.

    by is empty for a ban from the operator's command line.
    """

    person: str
    by: str
    at: float
    reason: str = field(default="", metadata=SPARSE)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Nothing may be ordered just now; text is what people are told beside that."""

    since: float
    text: str = field(default="", metadata=SPARSE)


@dataclass(frozen=True, slots=True)
class ServerPolicy:
    """The settings of one server; the defaults change nothing.

    Ids are those of the front end. channels and roles: where and by whom clips may be ordered,
    empty for everywhere and everybody. reports is the channel that moderators are told of reports
    in, empty for none. retention_days: how long clips are kept, 0 for as long as the service does.
    filter_level is how strictly pictures are looked at, empty for as the service does; words are
    what prompts may not have.

    The policy of no server (of the empty id) is the operators': its bans and its maintenance hold
    everywhere, the rest for direct messages.
    """

    channels: tuple[str, ...] = field(default=(), metadata=SPARSE)
    roles: tuple[str, ...] = field(default=(), metadata=SPARSE)
    allowances: tuple[RoleAllowance, ...] = field(default=(), metadata=SPARSE)
    bans: tuple[Ban, ...] = field(default=(), metadata=SPARSE)
    maintenance: Maintenance | None = field(default=None, metadata=SPARSE)
    reports: str = field(default="", metadata=SPARSE)
    retention_days: int = field(default=0, metadata=SPARSE)
    filter_level: str = field(default="", metadata=SPARSE)
    words: tuple[str, ...] = field(default=(), metadata=SPARSE)

    def ban_of(self, person: str) -> Ban | None:
        """Return the ban of a person, None where they are not banned."""
        return next((ban for ban in self.bans if ban.person == person), None)

    def with_ban(self, ban: Ban) -> ServerPolicy:
        """Return the policy with a ban, in place of an older one of the same person.

        Raise BadRequest where there are too many.
        """
        others = tuple(one for one in self.bans if one.person != ban.person)
        if len(others) >= MOST_BANS:
            raise BadRequest("request_too_many_bans", limit=MOST_BANS)
        return replace(self, bans=(*others, ban))

    def without_ban(self, person: str) -> ServerPolicy:
        """Return the policy in which a person is not banned."""
        return replace(self, bans=tuple(one for one in self.bans if one.person != person))


Change: TypeAlias = Callable[[ServerPolicy], ServerPolicy]
"""What makes a new policy of the one that is there."""
