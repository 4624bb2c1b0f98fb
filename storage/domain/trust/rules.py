"""Whether a person may order anything at a place."""

from __future__ import annotations

from collections.abc import Sequence

from storage.domain.errors import NotAllowed
from storage.domain.trust.place import Place
from storage.domain.trust.policy import ServerPolicy

NAMED = 10
"""Channels or roles that a refusal names."""


def check_service(policy: ServerPolicy, person: str, *, operator: bool) -> None:
    """Raise NotAllowed where the operators keep this person from ordering anywhere.

    Maintenance does not keep the operators, who see to it, from ordering.
    """
    _check_ban(policy, person, "banned_everywhere")
    if not operator:
        _check_maintenance(policy, "maintenance_everywhere")


def check_server(policy: ServerPolicy, person: str, place: Place) -> None:
    """Raise NotAllowed where the server's managers keep this person from ordering here."""
    _check_ban(policy, person, "banned")
    _check_maintenance(policy, "maintenance")
    if policy.channels and not place.is_within(policy.channels):
        raise NotAllowed("denied_channel", channels=_mentions("#", policy.channels))
    if policy.roles and not {*place.roles, place.guild} & {*policy.roles}:
        raise NotAllowed("denied_role", roles=_mentions("@&", policy.roles))


def _check_ban(policy: ServerPolicy, person: str, key: str) -> None:
    ban = policy.ban_of(person)
    if ban is None:
        return
    if not ban.by.isdigit():  # by the operator's command line, or by whom was forgotten
        key = "banned_by_nobody"
    if ban.reason:
        raise NotAllowed(f"denied_{key}_because", by=ban.by, reason=ban.reason)
    raise NotAllowed(f"denied_{key}", by=ban.by)


def _check_maintenance(policy: ServerPolicy, key: str) -> None:
    if policy.maintenance is not None and policy.maintenance.text:
        raise NotAllowed(f"denied_{key}_text", text=policy.maintenance.text)
    if policy.maintenance is not None:
        raise NotAllowed(f"denied_{key}")


def _mentions(kind: str, ids: Sequence[str]) -> str:
    """Return what a chat shows as names; the front end lets nobody be notified by them."""
    return " ".join(f"<{kind}{one}>" for one in ids[:NAMED])
