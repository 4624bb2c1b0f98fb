"""Cards: what the message of one job shows at each moment of its life.

First who and what, then how it stands, then in small letters how it is made; the rest is shown by
the buttons Details and Tweak.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import discord

from bot.discord_ui.cards import parameters
from bot.discord_ui.cards.attachment import PREVIEW
from bot.discord_ui.replies import quote
from bot.i18n import Translations
from bot.studio import quality_summary
from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice, advise_after
from storage.domain.camera.motion import Motion, Speed
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Adjustment, Clip
from storage.domain.job import Job, Status
from storage.domain.progress import Progress, Stage

BAR = 20  # characters
PROMPT = 200  # characters; the whole one is among the details
CONTENT = 2000  # characters

UNFINISHED_ACTIONS = ("cancel",)
ENDED_ACTIONS = ("again", "tweak", "details", "delete")


@dataclass(frozen=True, slots=True)
class Card:
    """What a message shows: lines of text, buttons by their actions, perhaps a preview."""

    content: str
    actions: tuple[str, ...]
    embed: discord.Embed | None = None


@dataclass(frozen=True, slots=True)
class CardRenderer:
    """Draws cards in the texts of the job's locale."""

    texts: Translations
    catalogue: Catalogue

    def waiting(self, job: Job, wait: QueueEstimate | None, advice: Iterable[Advice] = ()) -> Card:
        """Draw a job that waits for a worker."""
        if wait is None:
            text = self._text(job, "card_queued")
        elif wait.position == 0:
            text = self._text(job, "card_next")
        else:
            text = self._text(job, "card_waiting", position=wait.position + 1)
        if wait is not None and wait.seconds:
            text = text.rstrip(".。") + " · "
            text += self._text(job, "card_starts_in", time=self._duration(job, wait.seconds))
        return self._card(job, "⏳ " + text, UNFINISHED_ACTIONS, advice)

    def running(
        self,
        job: Job,
        progress: Progress | None,
        advice: Iterable[Advice] = (),
        preview: bool = False,
    ) -> Card:
        """Draw a job that a worker is at; preview says that one goes along as a file."""
        if progress is None:
            progress = Progress(Stage.PREPARING, 0, job.request.steps)
        written = progress.stage is Stage.ENCODING  # of several candidates not all steps count
        share = 1.0 if written else progress.step / max(1, progress.steps)
        lines = [f"`{bar(share)}` {share:.0%}", self._text(job, f"stage_{progress.stage.value}")]
        if progress.stage is Stage.DENOISING:
            lines.append(self._text(job, "card_step", step=progress.step, steps=progress.steps))
        if progress.eta is not None:
            lines.append(self._text(job, "card_left", time=self._duration(job, progress.eta)))
        card = self._card(job, " · ".join(lines), UNFINISHED_ACTIONS, advice)
        if not preview:
            return card
        embed = discord.Embed(colour=discord.Colour.blurple())
        return replace(card, embed=embed.set_image(url=f"attachment://{PREVIEW}"))

    def done(self, job: Job, clip: Clip, advice: Iterable[Advice] = ()) -> Card:
        """Draw a finished clip, which goes along as a file."""
        key = "card_cached" if job.cached else "card_done"
        made = self._text(job, key, time=self._duration(job, clip.seconds), cost=job.cost)
        seen = (self._text(job, word) for word in quality_summary.summary(clip))
        hints = (*advice, *self._advice_after(job, clip))
        return self._card(job, "-# " + " · ".join((made, *seen)), ENDED_ACTIONS, hints, clip)

    def _advice_after(self, job: Job, clip: Clip) -> tuple[Advice, ...]:
        model = self.catalogue.models.get(job.request.model)
        if model is None:  # made by a model that is served no more
            return ()
        if job.request.camera.keyframes:  # its turns are measured as shaking
            return ()
        span = model.recommended.guidance
        return advise_after(clip.motion, dict(clip.scores), job.request.guidance, span)

    def over(self, job: Job) -> Card:
        """Draw a job that ended without a clip."""
        if job.status is Status.CANCELLED:
            return self._card(job, self._text(job, "card_cancelled"), ENDED_ACTIONS)
        failure = job.failure
        reason = (
            self._text(job, failure.key, **dict(failure.parameters))
            if failure
            else self._text(job, "internal_error")
        )
        text = self._text(job, "card_failed", reason=reason.rstrip(".。"))
        return self._card(job, text, ENDED_ACTIONS)

    def undeliverable(self, job: Job, clip: Clip) -> Card:
        """Draw a clip whose file this place refuses."""
        text = self._text(job, "card_too_large", size=f"{clip.bytes / 2**20:.1f}")
        return self._card(job, text, ENDED_ACTIONS, clip=clip)

    def lost(self, job: Job) -> Card:
        """Draw a clip whose file is not in the store any more."""
        return self._card(job, self._text(job, "card_lost"), ENDED_ACTIONS)

    def call(self, job: Job) -> str:
        """Return the line that calls a clip's owner."""
        key = "call_done" if job.status is Status.DONE else "call_over"
        return f"<@{job.owner}> " + self._text(job, key)

    def _duration(self, job: Job, seconds: float) -> str:
        """Return a length of time in texts."""
        return self.texts.duration(job.locale, seconds)

    def _card(
        self,
        job: Job,
        text: str,
        actions: tuple[str, ...],
        advice: Iterable[Advice] = (),
        clip: Clip | None = None,
    ) -> Card:
        owner = f"<@{job.owner}> " if job.owner.isdigit() else ""
        lines = [f"{owner}**{quote(job.request.prompt, PROMPT)}**", text]
        lines += ["🔧 " + self._note(job, note) for note in (clip.adjustments if clip else ())]
        lines.append("-# " + self._line(job, clip))
        lines += ["-# 💡 " + self._note(job, hint) for hint in advice]
        return Card("\n".join(lines)[:CONTENT], actions)

    def _line(self, job: Job, clip: Clip | None) -> str:
        """Return in one line how a clip is made: its camera, and what matters most."""
        request = job.request
        preset = self._text(job, f"preset_{request.preset.value}")
        numbers = self._text(
            job,
            "card_line",
            seed=clip.seed if clip else request.seed,
            width=request.width,
            height=request.height,
            frames=request.frames,
            fps=request.fps,
            steps=request.steps,
            preset=preset,
        )
        return " · ".join(filter(None, (self._camera(job, clip), numbers)))

    def _camera(self, job: Job, clip: Clip | None) -> str:
        """Return the camera's motion in texts, empty while none is understood."""
        steps = parameters.steps_of(job.request, clip)
        if steps == ((Motion.AUTO,),):
            return ""
        told = " → ".join(
            " + ".join(self._text(job, f"motion_{motion.value}") for motion in step)
            for step in steps
        )
        speed = parameters.speed_of(job.request)
        if speed is Speed.NORMAL:
            return self._text(job, "card_camera", motion=told)
        word = self._text(job, f"speed_{speed.value}").lower()
        return self._text(job, "card_camera_speed", motion=told, speed=word)

    def _note(self, job: Job, note: Advice | Adjustment) -> str:
        return self._text(job, note.key, **dict(note.parameters))

    def _text(self, job: Job, key: str, **gaps: object) -> str:
        return self.texts.text(job.locale, key, **gaps)


def bar(share: float) -> str:
    """Return a bar that is filled by a share between 0 and 1."""
    filled = round(BAR * min(1.0, max(0.0, share)))
    return "█" * filled + "░" * (BAR - filled)
