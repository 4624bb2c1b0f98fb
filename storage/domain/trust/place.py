"""Where, and with what rights, a person acts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A channel as one person sees it, by the ids of a front end.

    guild is empty for a direct message, and everything is where a front end has no servers. parents
    are a thread's channel and a channel's category. roles are the person's. moderates: they may
    delete other people's messages here; manages: they may manage the server.
    """

    guild: str = ""
    channel: str = ""
    parents: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    age_restricted: bool = False
    moderates: bool = False
    manages: bool = False

    def is_within(self, channels: tuple[str, ...]) -> bool:
        """Tell whether this is one of these channels, a thread of one, or in one as a category."""
        return self.channel in channels or any(one in channels for one in self.parents)


NOWHERE = Place()
"""The place of a front end without servers and channels."""
