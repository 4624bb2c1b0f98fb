"""The audit log, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.discord_ui.replies import quote
from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from storage.domain.trust.audit import AuditEntry

SHOWN = 10
WHOM = {"ban": "<@{}>", "lift_ban": "<@{}>", "allowance": "<@&{}>"}
"""How the subject of an action is shown that concerns a person or a role."""
VALUES = {"channels": "<#{}>", "reports": "<#{}>", "roles": "<@&{}>"}
"""How the values of a setting are shown that are ids."""
DETAIL_LIMIT = 200  # characters of what changed
SUBJECT_LIMIT = 80  # characters
REFUSED = "refused_"
"""What the actions begin with by which the rules of content refused something."""
SERVICE = ""
"""The actor of what the service's own rules did."""

BY_COMMAND = ("ban", "lift_ban")
"""What an operator does on the command line, where nobody has an id."""


class LogPage(SettingsPage):
    """What managers and moderators did; the subject is the id of the entry that comes before."""

    name = "log"
    emoji = "📜"
    for_service = True

    async def lines(self, visit: Visit) -> list[str]:
        """Return the entries of this page, the latest first."""
        entries = await _entries(visit)
        lines = [_line(visit, one) for one in entries[:SHOWN]]
        return lines or [visit.text("settings_log_empty")]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return the buttons that turn the pages, as far as there are any."""
        entries = await _entries(visit)
        buttons = []
        if visit.subject:
            buttons.append(visit.button("newest", visit.text("settings_button_newest")))
        if len(entries) > SHOWN:
            before, label = str(entries[SHOWN - 1].id), visit.text("settings_button_older")
            buttons.append(visit.button("older", label, subject=before))
        return [buttons] if buttons else []

    async def use(self, visit: Visit, control: str, _values: Sequence[str]) -> str:
        """Turn the page."""
        return visit.subject if control == "older" else ""


async def _entries(visit: Visit) -> list[AuditEntry]:
    """Return the entries of a page, and one more where there is any."""
    before = int(visit.subject) if visit.subject.isdigit() else 0
    log = visit.interaction.client.studio.audit
    return await log.page(visit.guild, SHOWN + 1, before)


def _line(visit: Visit, entry: AuditEntry) -> str:
    """Return when who did what to whom; a text of another release's action is its name."""
    subject = quote(entry.subject, SUBJECT_LIMIT)
    if entry.action in WHOM and entry.subject.isdigit():
        subject = WHOM[entry.action].format(entry.subject)
    elif entry.action.startswith(REFUSED):
        subject = _refused(entry)
    elif entry.action == "settings":
        subject = " ".join((subject, *_changes(entry)))[:DETAIL_LIMIT]
    by_command = entry.actor == SERVICE and entry.action in BY_COMMAND
    nobody = "settings_ban_by_operator" if by_command else "audit_by_service"
    actor = f"<@{entry.actor}>" if entry.actor.isdigit() else visit.text(nobody)
    key = f"audit_{entry.action}"
    known = visit.interaction.client.texts.has(key)
    action = visit.text(key) if known else quote(entry.action)
    return f"<t:{int(entry.at)}:f> {actor} · {action} {subject}".rstrip()


def _refused(entry: AuditEntry) -> str:
    """Return what was found in which channel, of a prompt or a picture that was refused."""
    detail = entry.detail or {}
    found, channel = str(detail.get("entry", "")), str(detail.get("channel", ""))
    shown = [quote(found, SUBJECT_LIMIT), f"<#{channel}>" if channel.isdigit() else ""]
    return " · ".join(filter(None, shown))


def _changes(entry: AuditEntry) -> Iterator[str]:
    """Yield what was added to and removed from each setting, or its values before and after."""
    for name, change in (entry.detail or {}).items():
        shown = VALUES.get(name, "{}")
        if not isinstance(change, dict) or name == "maintenance":
            continue
        for sign, key in (("+", "added"), ("−", "removed")):
            for one in change.get(key, ()):
                yield sign + shown.format(quote(str(one), SUBJECT_LIMIT))
        if "after" in change:
            before, after = (
                shown.format(quote(str(change[key]), SUBJECT_LIMIT)) if change[key] else "–"
                for key in ("before", "after")
            )
            yield f"{before} → {after}"
