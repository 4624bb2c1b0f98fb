"""One model in a line: what a clip costs, how long its queue is, and who serves it."""

from __future__ import annotations

from bot.i18n import Translations
from bot.studio.models.availability import Availability
from bot.studio.models.model_status import ModelStatus


def choice(texts: Translations, locale: str, status: ModelStatus) -> str:
    """Return what a person who orders sees of a model."""
    parts = [status.name, _credits(texts, locale, status)]
    if status.waiting:
        parts.append(texts.text(locale, "model_waiting", count=status.waiting))
    if status.availability is not Availability.SERVED:
        parts.append(texts.text(locale, f"model_{status.availability}"))
    return " · ".join(filter(None, parts))


def line(texts: Translations, locale: str, status: ModelStatus) -> str:
    """Return what a manager sees of a model; what is not known is left out."""
    counts = {
        "model_workers": status.workers,
        "model_waiting": status.waiting,
        "model_running": status.running,
    }
    parts = [_credits(texts, locale, status)]
    parts += [
        texts.text(locale, key, count=count) for key, count in counts.items() if count is not None
    ]
    if status.outdated:
        parts.append(texts.text(locale, "model_outdated", count=status.outdated))
    if status.availability is Availability.ON_DEMAND:
        parts.append(texts.text(locale, "model_on_demand"))
    return f"{status.name}: " + " · ".join(filter(None, parts))


def _credits(texts: Translations, locale: str, status: ModelStatus) -> str:
    if status.credits is None:
        return texts.text(locale, "model_gone")
    return texts.text(locale, "quota_credits", count=status.credits)
