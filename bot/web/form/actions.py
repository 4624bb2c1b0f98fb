"""What the buttons of cards and of the history do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.studio.chains.extension import extension_options
from bot.studio.clips.finish_action import FinishAction
from bot.studio.library.reuse import read_settings
from bot.studio.options import Options
from bot.web.form.choice import PictureChoice
from bot.web.form.ordering import Ordering
from bot.web.orders.own_clips import order_of
from storage.domain.errors import BadRequest
from storage.domain.job import Job

PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form is to be filled with; choice None leaves its pictures as they are."""

    options: Options
    choice: PictureChoice | None

    @property
    def prompt(self) -> str:
        """Return the prompt."""
        return str(self.options.get(PROMPT, ""))


@dataclass(frozen=True, slots=True)
class Actions:
    """Does what a button says for one person."""

    ordering: Ordering

    async def do(self, name: str, job_id: str, value: str) -> Filled | None:
        """Do it; return what the form is to show then, None for no change.

        Raise a MutoscopeError where it is not possible.
        """
        found = self._by_name().get(name)
        if found is None:
            raise BadRequest("page_bad_picture")
        return await found(job_id, value)

    def _by_name(self) -> Mapping[str, Callable[[str, str], Awaitable[Filled | None]]]:
        return {
            "again": self._again,
            "tweak": self._tweak,
            "extend": self._extend,
            "choose": self._choose,
            "finish": self._finish,
            "cancel": self._cancel,
            "delete": self._delete,
            "dismiss": self._dismiss,
            "reuse": self._reuse,
        }

    async def _again(self, job_id: str, _value: str) -> None:
        job = await self.ordering.own(job_id)
        await self.ordering.studio.follow_ups.retry(job.id, self.ordering.requester)

    async def _tweak(self, job_id: str, _value: str) -> Filled:
        job, studio = await self.ordering.own(job_id), self.ordering.studio
        options = studio.admission.options_of(job.request)
        if job.clip is not None and not job.clip.candidates:
            options = options.replace(seed=job.clip.seed, candidates=1)
        return Filled(options, _choice_of(job))

    async def _extend(self, job_id: str, _value: str) -> Filled:
        job = await self.ordering.own(job_id)
        options = extension_options(self.ordering.studio.admission, job)
        return Filled(options, PictureChoice(extends=job.id))

    async def _choose(self, job_id: str, value: str) -> None:
        job = await self.ordering.own(job_id)
        number = int(value) if value.isdecimal() else 0
        await self.ordering.studio.follow_ups.choose(job.id, number, self.ordering.requester)

    async def _finish(self, job_id: str, value: str) -> None:
        job = await self.ordering.own(job_id)
        if value not in set(FinishAction):
            raise BadRequest("page_bad_picture")
        await self.ordering.studio.follow_ups.finish(
            job.id, self.ordering.requester, FinishAction(value)
        )

    async def _cancel(self, job_id: str, _value: str) -> None:
        await self.ordering.studio.cancel((await self.ordering.own(job_id)).id, self.ordering.owner)

    async def _delete(self, job_id: str, _value: str) -> None:
        ordering, job = self.ordering, await self.ordering.own(job_id)
        await ordering.studio.delete(job.id, ordering.owner)
        ordering.live.forget(ordering.owner, job_id)
        for key in job.request.pictures:
            await ordering.uploads.forget(ordering.owner, key)

    async def _dismiss(self, job_id: str, _value: str) -> None:
        self.ordering.live.dismiss(self.ordering.owner, job_id)

    async def _reuse(self, _job_id: str, key: str) -> Filled:
        """Fill the form with the settings in a clip's file, and with its picture where known."""
        ordering = self.ordering
        data = await ordering.uploads.get(ordering.owner, key)
        found = read_settings(data, ordering.studio.admission)
        known = await order_of(ordering.studio, found, ordering.owner)
        return Filled(found.options, _choice_of(known) if known else None)


def _choice_of(job: Job) -> PictureChoice:
    """Return the pictures of a job."""
    end = job.id if job.request.end_picture else ""
    return PictureChoice(job=job.id, end_of=end, end_last=bool(end))
