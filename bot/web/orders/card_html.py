"""The card of one live order as HTML, and the parts of it that change every moment."""

from __future__ import annotations

from dataclasses import dataclass

from bot.studio.clips.finish_action import FinishAction
from bot.web.markup import address, element, text, void
from bot.web.orders.live_orders import LiveOrder
from bot.web.words import Words
from storage.domain.clip import Container
from storage.domain.drafts.candidates import pick
from storage.domain.job import Job, Status
from storage.domain.progress import Stage
from storage.domain.prompt.story import title_of

CLIP_ACTIONS = ("again", "tweak", "extend")
ENDED_ACTIONS = ("again", "tweak")
OWN_FORMATS = {one.value for one in Container}


@dataclass(frozen=True, slots=True)
class CardHtml:
    """Renders orders in one person's language."""

    words: Words

    def card(self, order: LiveOrder) -> str:
        """Return the card of an order; it changes when the order begins or ends."""
        job = order.job
        state = "running" if order.progress or job.status is Status.RUNNING else job.status.value
        return element(
            "article",
            element("div", self._media(order), class_="mu-media"),
            element(
                "div",
                element("h3", text(title_of(job.request)), class_="mu-prompt"),
                self._status(order),
                element("p", text(self.words.line(job)), class_="mu-line"),
                *self._notes(order),
                self._actions(order),
                class_="mu-body",
            ),
            class_=f"mu-card mu-{state}",
            data_job=job.id,
            data_state=state,
            aria_label=title_of(job.request),
        )

    def moment(self, order: LiveOrder) -> dict[str, object]:
        """Return what of the card changes every moment: share, status and preview."""
        job, progress = order.job, order.progress
        running = progress is not None or job.status is Status.RUNNING
        if job.status.final:
            said = self.words.ended(job, lost=order.lost)
        elif running:
            said = self.words.progress(progress)
        else:
            said = self.words.waiting(job, order.estimate)
        share = progress.share if progress else 0.0
        whole = progress is not None and progress.stage in (Stage.FINISHING, Stage.ENCODING)
        preview = address("previews", job.id, str(order.previews)) if order.preview else ""
        return {
            "job": job.id,
            "share": 1.0 if whole else round(share, 3),
            "status": said,
            "preview": preview,
        }

    def clip(self, job: Job, *, large: bool = False) -> str:
        """Return the clip's player; its poster is the first frame."""
        assert job.clip is not None
        prompt, source = title_of(job.request), address("clips", file_name(job))
        if job.clip.container is not Container.MP4:
            return void("img", src=source, alt=self.words("page_clip_alt", prompt=prompt))
        return element(
            "video",
            src=source,
            poster=address("thumbnails", job.id),
            width=job.clip.width if large else None,
            height=job.clip.height if large else None,
            aria_label=self.words("page_clip_alt", prompt=prompt),
            controls=True,
            loop=True,
            muted=True,
            autoplay=True,
            playsinline=True,
        )

    def finish_menu(self, job: Job) -> str:
        """Return the menu of what can be done to a clip afterwards."""
        clip = job.clip
        first = element("option", text(self.words("finish_menu")), value="")
        offered = [one for one in FinishAction if clip and one.value != clip.container.value]
        options = [
            element("option", text(self.words(f"finish_{one.value}")), value=one.value)
            for one in offered
            if one.value not in OWN_FORMATS or self.words.texts.has(f"finish_{one.value}")
        ]
        label = self.words("finish_menu")
        return element(
            "select", first, *options, aria_label=label, data_act="finish", data_job=job.id
        )

    def buttons(self, job: Job, *names: str) -> list[str]:
        """Return the buttons of these actions."""
        return [self.button(job, name, self.words(f"button_{name}")) for name in names]

    def button(self, job: Job, name: str, label: str, **attributes: object) -> str:
        """Return one button."""
        return element(
            "button", text(label), type="button", data_act=name, data_job=job.id, **attributes
        )

    def _media(self, order: LiveOrder) -> str:
        job = order.job
        if job.clip is not None and not order.lost:
            return self.clip(job)
        about = self.words("page_picture_alt", prompt=title_of(job.request))
        if not job.request.picture:
            return element("div", class_="mu-nothing")
        return void("img", src=address("sources", job.id), alt=about, class_="mu-source")

    def _status(self, order: LiveOrder) -> str:
        moment = self.moment(order)
        said = element("p", text(str(moment["status"])), class_="mu-status")
        if order.job.status.final:
            return said
        bar = element(
            "progress",
            max=1,
            value=moment["share"],
            aria_label=self.words("page_progress", prompt=title_of(order.job.request)),
        )
        return bar + said

    def _notes(self, order: LiveOrder) -> list[str]:
        changed = self.words.adjustments(order.job)
        hints = self.words.hints(order.job, order.advice)
        return [element("p", text(note), class_="mu-note") for note in (*changed, *hints)]

    def _actions(self, order: LiveOrder) -> str:
        job = order.job
        if not job.status.final:
            parts = self.buttons(job, "cancel")
        elif job.clip is None or order.lost:
            parts = [*self.buttons(job, *ENDED_ACTIONS), self._dismiss(job)]
        elif job.clip.candidates:
            parts = [*self._choices(job), *self.buttons(job, *ENDED_ACTIONS), self._dismiss(job)]
        else:
            parts = [*self.buttons(job, *CLIP_ACTIONS), self.finish_menu(job)]
            parts += [self.download(job), self._dismiss(job)]
        return element("div", *parts, class_="mu-actions")

    def download(self, job: Job) -> str:
        """Return the link that saves the clip's file."""
        name, label = file_name(job), self.words("page_download")
        return element("a", text(label), href=address("clips", name), download=f"mutoscope-{name}")

    def _dismiss(self, job: Job) -> str:
        return self.button(job, "dismiss", self.words("page_dismiss"), class_="mu-quiet")

    def _choices(self, job: Job) -> list[str]:
        assert job.clip is not None
        picked = pick(job.clip.candidates)
        return [
            self.button(
                job,
                "choose",
                f"{number + 1} ⭐" if number == picked else str(number + 1),
                data_value=number + 1,
                aria_label=self.words("page_choose", number=number + 1),
            )
            for number in range(len(job.clip.candidates))
        ]


def file_name(job: Job) -> str:
    """Return the name of a clip's file."""
    return f"{job.id}.{job.clip.container.value if job.clip else 'mp4'}"
