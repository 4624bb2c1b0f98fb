"""The embed behind the button Details: a clip's parameters, scores and cost."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.discord_ui.cards import bill_text
from bot.discord_ui.replies import code_block, quote
from bot.i18n import Translations
from bot.studio.clips import quality_summary
from bot.studio.orders.admission import Admission
from bot.studio.parameter_lines import write_details
from storage.domain.advice import asks_too_much
from storage.domain.clip import Clip
from storage.domain.job import Job
from storage.domain.prompt.story import title_of
from storage.domain.request import PROMPT_LIMIT

FIELD_LIMIT = 1024  # characters


@dataclass(frozen=True, slots=True)
class DetailsRenderer:
    """Renders details in one person's language; admission holds the options to list."""

    texts: Translations
    locale: str
    admission: Admission

    def render(self, job: Job) -> discord.Embed:
        """Return the embed of a job; before its end it has the parameters alone."""
        embed = discord.Embed(description="> " + quote(title_of(job.request), PROMPT_LIMIT))
        table = self.admission.options_for(job.request.model)
        lines = code_block(write_details(table, job.request, job.clip))
        self._add_field(embed, "details_parameters", lines)
        if job.clip is not None:
            self._add_field(embed, "details_scores", self._scores(job, job.clip))
            self._add_field(embed, "details_adjusted", self._adjustments(job.clip))
            self._add_field(embed, "details_made", self._made(job, job.clip))
            self._add_field(embed, "details_bill", bill_text.of_clip(self.texts, self.locale, job))
        embed.set_footer(text=self._text("details_footer", id=job.id))
        return embed

    def _scores(self, job: Job, clip: Clip) -> str:
        model = self.admission.catalogue.models.get(job.request.model)
        camera_alone = model is not None and asks_too_much(job.request, model)
        shown = quality_summary.shown_scores(clip, job.request.names_motion)
        known = [one for one in shown if self._has_title(one[0])]
        return "\n".join(self._score(name, value, camera_alone) for name, value in known)

    def _has_title(self, name: str) -> bool:
        return name.startswith("seed_") or self.texts.has(f"score_{name}")

    def _score(self, name: str, value: float, camera_alone: bool) -> str:
        """Return a score as a word and a figure; the score of a candidate has its seed as name."""
        kind, _, seed = name.partition("_")
        title = (
            self._text("score_seed", seed=seed) if kind == "seed" else self._text(f"score_{name}")
        )
        key = quality_summary.key_of(name, value, camera_alone)
        figure = quality_summary.figure(name, value)
        return f"{title}: " + (f"{self._text(key)} ({figure})" if key else figure)

    def _adjustments(self, clip: Clip) -> str:
        return "\n".join(
            "• " + self._text(note.key, **dict(note.parameters))
            for note in clip.adjustments
            if self.texts.has(note.key)
        )

    def _made(self, job: Job, clip: Clip) -> str:
        parts = (
            self._text("quota_credits", count=job.cost),
            self.texts.duration(self.locale, clip.seconds),
            f"{clip.width}×{clip.height}",
            f"{clip.bytes / 2**10:.0f} KiB",
        )
        return " · ".join(parts)

    def _add_field(self, embed: discord.Embed, key: str, text: str) -> None:
        if text:
            embed.add_field(name=self._text(key), value=text[:FIELD_LIMIT], inline=False)

    def _text(self, key: str, /, **values: object) -> str:
        return self.texts.text(self.locale, key, **values)
