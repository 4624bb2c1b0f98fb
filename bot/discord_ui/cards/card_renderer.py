"""Renders the card of a job for each of its statuses.

First the owner and the prompt, then the status, then in small letters the parameters. Everything
else is behind the buttons Details and Tweak.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.discord_ui.cards.candidate_lines import candidate_lines
from bot.discord_ui.cards.card import Card, CardAttachment
from bot.discord_ui.replies import quote
from bot.i18n import Translations
from bot.studio.camera_options import motions_of, speed_of
from bot.studio.clips import quality_summary
from bot.studio.models.availability import Availability
from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice, advice_on_clip, advice_on_prompt, asks_too_much
from storage.domain.camera.motion import Motion, Speed
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Adjustment, Clip, Failure
from storage.domain.drafts.candidates import pick
from storage.domain.job import Job, Status
from storage.domain.progress import Progress, Stage
from storage.domain.prompt.story import title_of
from storage.domain.trust.filter_level import CONTENT_REFUSED

# in characters
BAR_WIDTH = 20
PROMPT_LIMIT = 200  # the whole prompt is among the details
CONTENT_LIMIT = 2000

PREVIEW_NAME = "preview.webp"

UNFINISHED_ACTIONS = ("cancel",)
ENDED_ACTIONS = ("again", "tweak", "details", "delete")
REFUSED_ACTIONS = ("tweak", "details", "delete")
"""Another seed alone is not tried where the content filter refused a clip."""
CLIP_ACTIONS = ("again", "tweak", "extend", "details", "delete", "finish")


@dataclass(frozen=True, slots=True)
class CardRenderer:
    """Renders cards in the job's locale."""

    texts: Translations
    catalogue: Catalogue

    def waiting(
        self, job: Job, estimate: QueueEstimate | None, advice: Iterable[Advice] = ()
    ) -> Card:
        """Return the card of a job that waits for a worker."""
        if estimate is None:
            text = self._text(job, "card_queued")
        elif estimate.position == 0:
            text = self._text(job, "card_next")
        else:
            text = self._text(job, "card_waiting", position=estimate.position + 1)
        if estimate is not None:
            text = self._with_start(job, estimate, text)
        hints = (*self._advice_on_prompt(job), *advice)
        return Card(self._content(job, "⏳ " + text, hints), UNFINISHED_ACTIONS)

    def _with_start(self, job: Job, estimate: QueueEstimate, place: str) -> str:
        """Return a place in the queue with when the clip starts, or what it waits for."""
        text, found = place, estimate.availability
        if found is not Availability.SERVED:
            text += self._text(job, f"card_{found}", model=job.request.model)
        if estimate.seconds and found is not Availability.UNSERVED:
            text = text.rstrip(".。") + " · "
            text += self._text(job, "card_starts_in", time=self._duration(job, estimate.seconds))
        return text

    def running(
        self,
        job: Job,
        progress: Progress | None,
        advice: Iterable[Advice] = (),
        preview: bytes | None = None,
    ) -> Card:
        """Return the card of a running job, with its preview (animated WebP) if there is one."""
        if progress is None:
            progress = Progress(Stage.PREPARING, 0, job.request.steps)
        denoised = progress.stage is Stage.ENCODING  # candidates may be dropped before all steps
        share = 1.0 if denoised else progress.share
        stage = self._text(job, f"stage_{progress.stage.value}")
        parts = [f"`{progress_bar(share)}` {share:.0%}", stage]
        if progress.segments:
            place = {"segment": progress.segment, "segments": progress.segments}
            parts.insert(1, self._text(job, "card_segment", **place))
        if progress.stage in (Stage.PICTURE, Stage.DENOISING):
            parts.append(self._text(job, "card_step", step=progress.step, steps=progress.steps))
        if progress.eta is not None:
            parts.append(self._text(job, "card_left", time=self._duration(job, progress.eta)))
        hints = (*self._advice_on_prompt(job), *advice)
        content = self._content(job, " · ".join(parts), hints)
        if preview is None:
            return Card(content, UNFINISHED_ACTIONS)
        # Some clients show an animated picture in an embed as a still.
        shown = CardAttachment.of_job(job, PREVIEW_NAME, preview)
        return Card(content, UNFINISHED_ACTIONS, attachment=shown)

    def done(self, job: Job, clip: Clip, data: bytes, advice: Iterable[Advice] = ()) -> Card:
        """Return the card of a finished clip, with its file."""
        key = "card_cached" if job.cached else "card_done"
        made = self._text(job, key, time=self._duration(job, clip.seconds), cost=job.cost)
        file = CardAttachment.of_clip(job, clip, data)
        if clip.candidates:
            picked = pick(clip.candidates)
            choices = tuple(place == picked for place in range(len(clip.candidates)))
            lines = (*candidate_lines(self.texts, self.catalogue, job, clip), f"-# {made}")
            hints = (*self._advice_on_prompt(job), *advice)
            content = self._content(job, "\n".join(lines), hints, clip)
            return Card(content, ENDED_ACTIONS, attachment=file, choices=choices)
        model, asked = self.catalogue.models.get(job.request.model), job.request.names_motion
        camera_alone = model is not None and asks_too_much(job.request, model)
        keys = quality_summary.summary(clip, asked, camera_alone)
        status = "-# " + " · ".join((made, *(self._text(job, key) for key in keys)))
        hints = (*self._advice_on_prompt(job), *advice, *self._advice_after(job, clip))
        content = self._content(job, status, hints, clip)
        return Card(content, CLIP_ACTIONS, attachment=file)

    def _advice_on_prompt(self, job: Job) -> tuple[Advice, ...]:
        model = self.catalogue.models.get(job.request.model)
        return () if model is None else advice_on_prompt(job.request, model)

    def _advice_after(self, job: Job, clip: Clip) -> tuple[Advice, ...]:
        model = self.catalogue.models.get(job.request.model)
        if model is None:  # the model is not served any more
            return ()
        if job.request.camera.keyframes:  # changes of direction are measured as shaking
            return ()
        span = model.recommended.guidance
        return advice_on_clip(clip.motion, dict(clip.scores), job.request.guidance, span)

    def ended_without_clip(self, job: Job) -> Card:
        """Return the card of a job that failed or was cancelled."""
        if job.status is Status.CANCELLED:
            text = self._text(job, "card_cancelled")
        else:
            failure = job.failure or Failure("internal_error")
            reason = self._text(job, failure.key, **dict(failure.parameters))
            text = self._text(job, "card_failed", reason=reason.rstrip(".。"))
        refused = job.failure is not None and job.failure.key == CONTENT_REFUSED
        return Card(self._content(job, text), REFUSED_ACTIONS if refused else ENDED_ACTIONS)

    def too_large(self, job: Job, clip: Clip) -> Card:
        """Return the card of a clip whose file Discord refuses."""
        text = self._text(job, "card_too_large", size=f"{clip.bytes / 2**20:.1f}")
        return Card(self._content(job, text, clip=clip), ENDED_ACTIONS)

    def lost(self, job: Job) -> Card:
        """Return the card of a clip whose file is not in the blob store any more."""
        return Card(self._content(job, self._text(job, "card_lost")), ENDED_ACTIONS)

    def ping(self, job: Job) -> str:
        """Return the text that mentions a job's owner at its end."""
        key = "call_done" if job.status is Status.DONE else "call_over"
        return f"<@{job.owner}> " + self._text(job, key)

    def _duration(self, job: Job, seconds: float) -> str:
        return self.texts.duration(job.locale, seconds)

    def _content(
        self, job: Job, status: str, advice: Iterable[Advice] = (), clip: Clip | None = None
    ) -> str:
        owner = f"<@{job.owner}> " if job.owner.isdigit() else ""
        lines = [f"{owner}**{quote(title_of(job.request), PROMPT_LIMIT)}**", status]
        if job.request.stopped_after:
            counts = {"made": job.request.stopped_after, "count": len(job.request.segments)}
            lines.append("✂️ " + self._text(job, "card_stopped", **counts))
        notes = [note for note in (clip.adjustments if clip else ()) if self.texts.has(note.key)]
        lines += ["🔧 " + self._note(job, note) for note in notes]
        lines.append("-# " + self._line(job, clip))
        lines += ["-# 💡 " + self._note(job, hint) for hint in advice]
        return "\n".join(lines)[:CONTENT_LIMIT]

    def _line(self, job: Job, clip: Clip | None) -> str:
        """Return in one line how a clip is made: its camera, and what matters most."""
        request = job.request
        if clip is not None and clip.candidates:
            clip = None  # each of the drafts has a seed and a motion of its own
        preset = self._text(job, f"preset_{request.preset.value}")
        width, height = request.size
        frames, fps = request.made_frames, request.fps
        if clip is not None and (request.source or request.finish):
            frames, fps = clip.frames, clip.fps
        numbers = self._text(
            job,
            "card_line",
            seed=clip.seed if clip else request.seed,
            width=width,
            height=height,
            frames=frames,
            fps=fps,
            steps=request.steps,
            preset=preset,
        )
        end = self._text(job, "card_end_picture") if request.end_picture else ""
        words = (self._finish(job), self._camera(job, clip), end, numbers)
        return " · ".join(filter(None, words))

    def _finish(self, job: Job) -> str:
        """Return in words what is done to the frames afterwards, empty for nothing."""
        finish = job.request.finish
        if finish is None:
            return ""
        words = [
            self._text(job, "card_upscaled", factor=finish.upscale) if finish.upscale > 1 else "",
            self._text(job, "card_smoothed", fps=finish.fps) if finish.fps else "",
            self._text(job, "card_reversed") if finish.reverse else "",
            self._text(job, "card_looped") if finish.loop else "",
        ]
        return ", ".join(filter(None, words))

    def _camera(self, job: Job, clip: Clip | None) -> str:
        """Return the camera's motion, empty if the prompt names none."""
        steps = motions_of(job.request, clip)
        if steps == ((Motion.AUTO,),):
            return ""
        motions = " → ".join(
            " + ".join(self._text(job, f"motion_{motion.value}") for motion in step)
            for step in steps
        )
        if not job.request.names_motion and steps != ((Motion.DRIFT,),):
            return self._text(job, "card_camera_guessed", motion=motions)
        speed = speed_of(job.request)
        if speed is Speed.NORMAL:
            return self._text(job, "card_camera", motion=motions)
        word = self._text(job, f"speed_{speed.value}").lower()
        return self._text(job, "card_camera_speed", motion=motions, speed=word)

    def _note(self, job: Job, note: Advice | Adjustment) -> str:
        return self._text(job, note.key, **dict(note.parameters))

    def _text(self, job: Job, key: str, /, **values: object) -> str:
        return self.texts.text(job.locale, key, **values)


def progress_bar(share: float) -> str:
    """Return BAR_WIDTH characters, filled by a share between 0 and 1."""
    filled = round(BAR_WIDTH * min(1.0, max(0.0, share)))
    return "█" * filled + "░" * (BAR_WIDTH - filled)
