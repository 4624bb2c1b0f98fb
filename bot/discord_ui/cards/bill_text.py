"""What GPU time cost, in words and US dollars."""

from __future__ import annotations

from bot.i18n import Translations
from storage.domain.cost.advice import RentalAdvice
from storage.domain.cost.offer import Tenure
from storage.domain.job import Job

CENT = 0.01


def of_clip(texts: Translations, locale: str, job: Job) -> str:
    """Return what a finished clip cost; empty for one from the cache, which cost nothing."""
    if job.clip is None or job.cached:
        return ""
    if not job.billed:
        gpu = texts.duration(locale, job.clip.seconds)
        return texts.text(locale, "bill_open", gpu=gpu)
    parts = of_seconds(texts, locale, job.clip.seconds, job.start_seconds, job.idle_seconds)
    return parts + with_money(job.money)


def of_seconds(texts: Translations, locale: str, gpu: float, start: float, idle: float) -> str:
    """Return GPU seconds, and the shares of start and idle time beside them."""
    parts = {"gpu": gpu, "start": start, "idle": idle}
    written = {name: _duration(texts, locale, seconds) for name, seconds in parts.items()}
    return texts.text(locale, "bill_parts", **written)


def with_money(dollars: float) -> str:
    """Return an amount to be put behind a text; nothing where nothing is charged."""
    return f" · {write_money(dollars)}" if dollars > 0 else ""


def write_money(dollars: float) -> str:
    """Return an amount with as many digits as it is worth."""
    return f"${dollars:.2f}" if dollars >= 100 * CENT else f"${dollars:.4f}"


def of_rental(texts: Translations, locale: str, advice: RentalAdvice) -> str:
    """Return which way to rent is cheaper for the recent orders."""
    key = "rental_fixed" if advice.tenure is Tenure.FIXED else "rental_on_demand"
    amounts = {name: write_money(getattr(advice, name)) for name in ("on_demand", "fixed")}
    return texts.text(locale, key, **amounts)


def _duration(texts: Translations, locale: str, seconds: float) -> str:
    if seconds < 0.5:
        return texts.text(locale, "time_seconds", count=0)
    return texts.duration(locale, seconds)
