"""What the page says of orders, in one person's language."""

from __future__ import annotations

from dataclasses import dataclass

from bot.i18n import Translations
from bot.studio.camera_options import motions_of
from bot.studio.clips import quality_summary
from bot.studio.models.availability import Availability
from bot.studio.orders.admission import Admission
from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice, advice_on_clip, advice_on_prompt, asks_too_much
from storage.domain.camera.motion import Motion
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Adjustment, Clip, Failure
from storage.domain.errors import MutoscopeError
from storage.domain.job import Job, Status
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest


@dataclass(frozen=True, slots=True)
class Words:
    """The messages of one language, and what is to be said of orders by them."""

    texts: Translations
    locale: str
    admission: Admission

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a message."""
        return self.texts.text(self.locale, key, **values)

    def label(self, label: str) -> str:
        """Return the text of a choice, whether it is a message key or not."""
        return self.texts.label(self.locale, label)

    def error(self, error: MutoscopeError) -> str:
        """Return why something is not possible."""
        return self.texts.error(self.locale, error)

    def duration(self, seconds: float) -> str:
        """Return a duration."""
        return self.texts.duration(self.locale, seconds)

    def note(self, note: Advice | Adjustment) -> str:
        """Return a hint, or what the worker changed."""
        return self(note.key, **dict(note.parameters))

    def waiting(self, job: Job, estimate: QueueEstimate | None) -> str:
        """Return a place in the queue, and when the clip starts or what it waits for."""
        if estimate is None:
            return self("card_queued")
        key = "card_next" if estimate.position == 0 else "card_waiting"
        said = self(key, position=estimate.position + 1)
        if estimate.availability is not Availability.SERVED:
            said += self(f"card_{estimate.availability}", model=job.request.model)
        if estimate.seconds and estimate.availability is not Availability.UNSERVED:
            said = said.rstrip(".。") + " · "
            said += self("card_starts_in", time=self.duration(estimate.seconds))
        return said

    def progress(self, progress: Progress | None) -> str:
        """Return the stage of a running order, its step, and how long it still takes."""
        if progress is None:
            return self(f"stage_{Stage.PREPARING.value}")
        parts = [self(f"stage_{progress.stage.value}")]
        if progress.segments:
            place = {"segment": progress.segment, "segments": progress.segments}
            parts.insert(0, self("card_segment", **place))
        if progress.stage in (Stage.PICTURE, Stage.DENOISING):
            parts.append(self("card_step", step=progress.step, steps=progress.steps))
        if progress.eta is not None:
            parts.append(self("card_left", time=self.duration(progress.eta)))
        return " · ".join(parts)

    def ended(self, job: Job, *, lost: bool = False) -> str:
        """Return how an order ended."""
        if job.status is Status.CANCELLED:
            return self("card_cancelled")
        if lost:
            return self("card_lost")
        if job.clip is None:
            failure = job.failure or Failure("internal_error")
            reason = self(failure.key, **dict(failure.parameters))
            return self("card_failed", reason=reason.rstrip(".。"))
        time = self.duration(job.clip.seconds)
        made = self("card_cached" if job.cached else "card_done", time=time, cost=job.cost)
        return " · ".join((made, *self._quality(job, job.clip)))

    def line(self, job: Job) -> str:
        """Return in one line how a clip is made: its camera, and what matters most."""
        request, clip = job.request, job.clip
        width, height = (clip.width, clip.height) if clip else request.size
        numbers = self(
            "card_line",
            seed=clip.seed if clip else request.seed,
            width=width,
            height=height,
            frames=clip.frames if clip else request.made_frames,
            fps=clip.fps if clip else request.fps,
            steps=request.steps,
            preset=self(f"preset_{request.preset.value}"),
        )
        return " · ".join(filter(None, (self.camera(request, clip), numbers)))

    def camera(self, request: GenerationRequest, clip: Clip | None = None) -> str:
        """Return the camera's motions one after the other, empty where none is named yet."""
        steps = motions_of(request, None if clip and clip.candidates else clip)
        if steps == ((Motion.AUTO,),):
            return ""
        return " → ".join(
            " + ".join(self(f"motion_{motion.value}") for motion in step) for step in steps
        )

    def hints(self, job: Job, advice: tuple[Advice, ...] = ()) -> list[str]:
        """Return the hints on an order's prompt and picture, and on its clip."""
        model = self.admission.catalogue.models.get(job.request.model)
        if model is None:
            return [self.note(one) for one in advice]
        found = (*advice_on_prompt(job.request, model), *advice)
        if job.clip is not None and not job.request.camera.keyframes:
            request, span = job.request, model.recommended.guidance
            scores = dict(job.clip.scores)
            found += advice_on_clip(job.clip.motion, scores, request.guidance, span)
        return [self.note(one) for one in found]

    def adjustments(self, job: Job) -> list[str]:
        """Return what the worker changed on its own."""
        notes = job.clip.adjustments if job.clip else ()
        return [self.note(one) for one in notes if self.texts.has(one.key)]

    def _quality(self, job: Job, clip: Clip) -> list[str]:
        catalogue: Catalogue = self.admission.catalogue
        model = catalogue.models.get(job.request.model)
        alone = model is not None and asks_too_much(job.request, model)
        return [self(key) for key in quality_summary.summary(clip, job.request.names_motion, alone)]
