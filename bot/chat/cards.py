"""Cards: what the message of one job shows at each moment of its life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import discord

from bot.chat.enclosure import PREVIEW
from bot.chat.replies import quoted, verbatim
from bot.i18n import Words
from storage.domain import path_text
from storage.domain.advice import Advice, advise_after
from storage.domain.camera import Motion
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Clip, Container
from storage.domain.job import Job, Status
from storage.domain.path_sequence import motions
from storage.domain.progress import Progress, Stage
from storage.domain.request import PROMPT_LIMIT, GenerationRequest
from storage.domain.wording import resolve

BAR = 20  # characters
SHARES = {Stage.LOADING: 0.0, Stage.PREPARING: 0.0, Stage.DECODING: 1.0, Stage.ENCODING: 1.0}

COLOURS = {
    Status.QUEUED: discord.Colour.light_grey(),
    Status.RUNNING: discord.Colour.blurple(),
    Status.DONE: discord.Colour.green(),
    Status.FAILED: discord.Colour.red(),
    Status.CANCELLED: discord.Colour.dark_grey(),
}
UNFINISHED_ACTIONS = ("cancel",)
ENDED_ACTIONS = ("again", "tweak", "delete")


@dataclass(frozen=True, slots=True)
class Card:
    """What a message shows: a line of text, an embed, and buttons by their actions."""

    content: str
    embed: discord.Embed
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a waiting job still has: jobs before it, and seconds where they can be told."""

    position: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws cards in the words of the job's locale."""

    words: Words
    catalogue: Catalogue

    def waiting(self, job: Job, wait: Wait | None, advice: Iterable[Advice] = ()) -> Card:
        """Draw a job that waits for a worker."""
        if wait is None:
            text = self._text(job, "card_queued")
        elif wait.position == 0:
            text = self._text(job, "card_next")
        else:
            text = self._text(job, "card_waiting", position=wait.position + 1)
        if wait is not None and wait.seconds:
            text = text.rstrip(".。") + " · "
            text += self._text(job, "card_starts_in", time=self.span(job, wait.seconds))
        return self._card(job, "⏳ " + text, advice, UNFINISHED_ACTIONS)

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
        share = SHARES.get(progress.stage, progress.step / max(1, progress.steps))
        lines = [f"`{bar(share)}` {share:.0%}", self._text(job, f"stage_{progress.stage.value}")]
        if progress.stage is Stage.DENOISING:
            lines.append(self._text(job, "card_step", step=progress.step, steps=progress.steps))
        if progress.eta is not None:
            lines.append(self._text(job, "card_left", time=self.span(job, progress.eta)))
        card = self._card(job, " · ".join(lines), advice, UNFINISHED_ACTIONS)
        if preview:
            card.embed.set_image(url=f"attachment://{PREVIEW}")
        return card

    def done(self, job: Job, clip: Clip, advice: Iterable[Advice] = ()) -> Card:
        """Draw a finished clip, which goes along as a file."""
        key = "card_cached" if job.cached else "card_done"
        text = self._text(job, key, time=self.span(job, clip.seconds), cost=job.cost)
        after = self._advice_after(job, clip)
        card = self._card(job, text, (*advice, *after), ENDED_ACTIONS, clip)
        if clip.adjustments:
            notes = [
                "• " + self._text(job, note.key, **dict(note.parameters))
                for note in clip.adjustments
            ]
            self._field(card.embed, job, "card_adjusted", notes)
        if clip.scores:
            scores = [f"{self._score(job, name)}: {value:.3g}" for name, value in clip.scores]
            self._field(card.embed, job, "card_scores", scores)
        return card

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
            return self._card(job, self._text(job, "card_cancelled"), (), ENDED_ACTIONS)
        failure = job.failure
        reason = (
            self._text(job, failure.key, **dict(failure.parameters))
            if failure
            else self._text(job, "internal_error")
        )
        text = self._text(job, "card_failed", reason=reason.rstrip(".。"))
        return self._card(job, text, (), ENDED_ACTIONS)

    def undeliverable(self, job: Job, clip: Clip) -> Card:
        """Draw a clip whose file this place refuses."""
        text = self._text(job, "card_too_large", size=f"{clip.bytes / 2**20:.1f}")
        return self._card(job, text, (), ENDED_ACTIONS, clip)

    def lost(self, job: Job) -> Card:
        """Draw a clip whose file is not in the store any more."""
        return self._card(job, self._text(job, "card_lost"), (), ENDED_ACTIONS)

    def call(self, job: Job) -> str:
        """Return the line that calls a clip's owner."""
        key = "call_done" if job.status is Status.DONE else "call_over"
        return f"<@{job.owner}> " + self._text(job, key)

    def span(self, job: Job, seconds: float) -> str:
        """Return a length of time in words."""
        return self.words.span(job.locale, seconds)

    def _card(
        self,
        job: Job,
        text: str,
        advice: Iterable[Advice],
        actions: tuple[str, ...],
        clip: Clip | None = None,
    ) -> Card:
        camera = self._text(job, "card_camera", motion=self._motions(job, clip))
        words = "> " + quoted(job.request.prompt, PROMPT_LIMIT)
        embed = discord.Embed(description=f"{words}\n{camera}", colour=COLOURS[job.status])
        embed.add_field(
            name=self._text(job, "card_parameters"),
            value=verbatim(self.parameters(job, clip)),
            inline=False,
        )
        notes = ["• " + self._text(job, item.key, **dict(item.parameters)) for item in advice]
        self._field(embed, job, "card_advice", notes)
        embed.set_footer(text=self._text(job, "card_footer", id=job.id))
        return Card(f"<@{job.owner}> {text}" if job.owner.isdigit() else text, embed, actions)

    def parameters(self, job: Job, clip: Clip | None = None) -> str:
        """Return what makes this clip anew, one parameter a line, as the Tweak form reads it."""
        request = job.request
        rows = self._rows(request, clip)
        return "\n".join(f"{name}: {value}" for name, value in rows if value != "")

    def _motions(self, job: Job, clip: Clip | None) -> str:
        """Return the camera's motion in words, or those of its path one after the other."""
        path = job.request.camera.keyframes
        told = motions(path) if path else ((_motion(job.request, clip),),)
        return " → ".join(
            " + ".join(self._text(job, f"motion_{motion.value}") for motion in step)
            for step in told
        )

    def _camera(self, request: GenerationRequest, clip: Clip | None) -> list[tuple[str, object]]:
        camera = request.camera
        if camera.keyframes:
            return [("path", path_text.write(camera.keyframes))]
        reading = resolve(camera, request.prompt)
        return [
            ("camera", _motion(request, clip).value),
            ("speed", (reading.speed if reading else camera.speed).value),
        ]

    def _rows(self, request: GenerationRequest, clip: Clip | None) -> list[tuple[str, object]]:
        return [
            ("seed", clip.seed if clip else request.seed),
            *self._camera(request, clip),
            ("strength", f"{request.camera.strength:g}"),
            ("size", f"{request.width}x{request.height}"),
            ("frames", request.frames),
            ("fps", request.fps),
            ("steps", request.steps),
            ("guidance", f"{request.guidance:g}"),
            ("preset", request.preset.value),
            # A finished clip's own seed makes it anew by itself.
            ("candidates", request.candidates if clip is None and request.candidates > 1 else ""),
            ("format", "" if request.container is Container.MP4 else request.container.value),
            ("negative", " ".join(request.negative_prompt.split())),
            ("model", request.model),
        ]

    def _score(self, job: Job, name: str) -> str:
        """Return a score's name in words; of several candidates each is named by its seed."""
        kind, _, seed = name.partition("_")
        if kind == "seed":
            return self._text(job, "score_seed", seed=seed)
        return self._text(job, f"score_{name}")

    def _field(self, embed: discord.Embed, job: Job, key: str, lines: list[str]) -> None:
        if lines:
            embed.add_field(name=self._text(job, key), value="\n".join(lines)[:1024], inline=False)

    def _text(self, job: Job, key: str, **gaps: object) -> str:
        return self.words.text(job.locale, key, **gaps)


def _motion(request: GenerationRequest, clip: Clip | None) -> Motion:
    """Return the camera motion that was made, or, before that, the one that was understood."""
    if clip is not None:
        return clip.motion
    reading = resolve(request.camera, request.prompt)
    return reading.motion if reading else Motion.AUTO


def bar(share: float) -> str:
    """Return a bar that is filled by a share between 0 and 1."""
    filled = round(BAR * min(1.0, max(0.0, share)))
    return "█" * filled + "░" * (BAR - filled)
