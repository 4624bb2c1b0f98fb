"""What is recorded of what people decided about a server and its clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from storage.domain.trust.policy import ServerPolicy


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log of a server, or of the service (an empty guild).

    action names what was done, as the keys of texts do (audit_*); actor did it, empty for the
    service itself. subject is whom or what it concerned: a person, a job, a setting. detail is
    what else is to be known of it, as JSON has it. id and at are given by the log.
    """

    guild: str
    actor: str
    action: str
    subject: str = ""
    detail: Mapping[str, Any] | None = None
    id: int = 0
    at: float = 0.0


def changed_fields(before: ServerPolicy, after: ServerPolicy) -> tuple[str, ...]:
    """Return the names of the settings that differ."""
    return tuple(
        one.name
        for one in fields(ServerPolicy)
        if getattr(before, one.name) != getattr(after, one.name)
    )
