"""What the card of several drafts says: how they differ, and what one costs in full."""

from __future__ import annotations

from bot.i18n import Translations
from storage.domain.camera.motion import Speed
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Candidate, Clip
from storage.domain.drafts.candidates import in_full, pick
from storage.domain.job import Job
from storage.domain.quota import price


def candidate_lines(
    texts: Translations, catalogue: Catalogue, job: Job, clip: Clip
) -> tuple[str, ...]:
    """Return how to choose and, where the drafts' cameras differ, each one's motion."""
    first = clip.candidates[0]
    full = in_full(job.request, first.seed, first.camera)
    cost = price(full, catalogue.work(job.request.model))
    ask = "👇 " + texts.text(job.locale, "card_choose", cost=cost)
    if len({one.camera for one in clip.candidates}) == 1:
        return (ask,)
    picked = pick(clip.candidates)
    motions = [
        f"{place + 1} {_motion(texts, job.locale, one)}" + (" ⭐" if place == picked else "")
        for place, one in enumerate(clip.candidates)
    ]
    return ask, "-# 🎥 " + " · ".join(motions)


def _motion(texts: Translations, locale: str, candidate: Candidate) -> str:
    motion = texts.text(locale, f"motion_{candidate.motion.value}")
    speed = candidate.camera.speed
    if speed is Speed.NORMAL:
        return motion
    return f"{motion}, {texts.text(locale, f'speed_{speed.value}').lower()}"
