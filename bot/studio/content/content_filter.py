"""Refuses prompts and pictures by the rules of the place where they would be shown."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256

from bot.studio.clips.end_picture import of_end_picture
from bot.studio.content.content_rules import ContentRules
from bot.studio.content.minors import is_of_minors
from bot.studio.content.server_words import list_of
from bot.studio.events import JobChanged, Subscription
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.trust.audit_log import AuditLog
from bot.studio.trust.policies import Policies
from storage.domain.errors import BadPicture, BadRequest, NotAllowed, Unavailable
from storage.domain.job import Job
from storage.domain.request import GenerationRequest
from storage.domain.trust.filter_level import CONTENT_REFUSED, FilterLevel, level_of, passes
from storage.domain.trust.place import NOWHERE, Place
from storage.domain.trust.policy import ServerPolicy
from storage.pictures.processes import PictureProcesses

log = logging.getLogger(__name__)

REMEMBERED = 10_000  # scores of pictures
MINORS = "minors"
"""What the audit log has in place of an entry of a word list."""


class ContentFilter:
    """The rules of content of all places; refused counts by what was refused."""

    def __init__(
        self,
        rules: ContentRules,
        policies: Policies,
        audit: AuditLog,
        stored: Callable[[str], Awaitable[bytes]],
        decoders: PictureProcesses,
    ) -> None:
        """Apply these rules; stored returns a stored picture's file, or raises KeyError."""
        self._rules = rules
        self._policies = policies
        self._audit = audit
        self._stored = stored
        self._decoders = decoders
        self._scores: OrderedDict[str, float] = OrderedDict()
        self.refused = Counter(dict.fromkeys(("words", "picture", "frames", "shown"), 0))

    @property
    def is_on(self) -> bool:
        """Tell whether pictures are looked at anywhere."""
        return self._rules.checker is not None

    async def level(self, place: Place) -> FilterLevel:
        """Return how strictly pictures and clips are looked at in a place."""
        if not self.is_on:
            return FilterLevel.OFF
        return self._level(place, await self._policies.of(place.guild))

    async def limited(self, place: Place, request: GenerationRequest) -> GenerationRequest:
        """Return a request with the limit of the place where its clip is shown."""
        return replace(request, content_limit=(await self.level(place)).limit)

    async def admitted(self, requester: Requester, draft: OrderDraft) -> OrderDraft:
        """Return an order with the limit of its place; raise BadRequest or BadPicture.

        Every order comes by here, whatever it was made from.
        """
        policy = await self._policies.of(requester.place.guild)
        await self._check_words(requester, draft.request, policy)
        limit = self._level(requester.place, policy).limit if self.is_on else 0.0
        request = replace(draft.request, content_limit=limit)
        if limit:
            await self._check_pictures(requester, request, draft)
        return replace(draft, request=request)

    async def check_picture(
        self, requester: Requester, picture: bytes, square: bytes, limit: float
    ) -> None:
        """Raise BadPicture where an upload is not to be shown, Unavailable where nobody can say."""
        if limit:
            key = sha256(picture).hexdigest()
            await self._judge(requester, await self._score(key, square), limit)

    async def check_shown(self, place: Place, job: Job) -> None:
        """Raise NotAllowed where one person alone is not to see a finished clip in a place.

        In the channel that it was made for, they may in any case.
        """
        if job.reply_to.channel != place.channel:
            await self._check_clip(place, job)

    async def check_public(self, requester: Requester, job: Job) -> None:
        """Raise BadRequest or NotAllowed where all are not to see a finished clip with its prompt.

        That is in the requester's place.
        """
        policy = await self._policies.of(requester.place.guild)
        await self._check_words(requester, job.request, policy)
        await self._check_clip(requester.place, job)

    async def _check_clip(self, place: Place, job: Job) -> None:
        if not await self.fits(place, job):
            self.refused["shown"] += 1
            raise NotAllowed("denied_clip_unchecked")

    async def fits(self, place: Place, job: Job) -> bool:
        """Tell whether a job's clip, if it has one, may be shown in a place."""
        score = None if job.clip is None else job.clip.content_score
        return job.clip is None or passes(score, (await self.level(place)).limit)

    async def fits_direct_messages(self, job: Job) -> bool:
        """Tell whether a job's clip, if it has one, may be sent to its owner directly."""
        return await self.fits(NOWHERE, job)

    async def listen(self, events: Subscription) -> None:
        """Record the clips that workers refuse, until cancelled."""
        with events:
            async for event in events:
                if isinstance(event, JobChanged) and not event.heard:
                    await self._note(event.job)

    def _level(self, place: Place, policy: ServerPolicy) -> FilterLevel:
        # Where there is no server, the operators' own choice holds as it is.
        restricted = place.age_restricted or not place.guild
        return level_of(policy.filter_level, self._rules.floor, age_restricted=restricted)

    async def _check_words(
        self, requester: Requester, request: GenerationRequest, policy: ServerPolicy
    ) -> None:
        """Raise BadRequest where a prompt, or what cards show beside it, has unwanted words.

        A negative prompt says what is not to be seen, and may name anything.
        """
        text = request.prompt
        if request.style is not None:
            text += f"\n{request.style.name}"
        if is_of_minors(text):
            await self._record(requester, "refused_words", entry=MINORS)
            raise BadRequest("request_minors")
        entry = self._rules.words.find(text) or list_of(policy.words).find(text)
        if entry:
            await self._record(requester, "refused_words", entry=entry)
            raise BadRequest("request_words")

    async def _check_pictures(
        self, requester: Requester, request: GenerationRequest, draft: OrderDraft
    ) -> None:
        uploads = {sha256(one).hexdigest(): one for one in draft.uploads}
        for key in request.pictures:
            if key == request.source:
                continue  # a clip's file, whose frames the worker looks at
            if key not in self._scores:
                try:
                    file = uploads.get(key) or await self._stored(key)
                except KeyError:
                    continue  # the order is refused for that, or is made without it
                _, square = await self._decoders.examine(file)
                await self._score(key, square)
            score = self._scores[key]
            if key == request.end_picture:
                with of_end_picture():
                    await self._judge(requester, score, request.content_limit)
            else:
                await self._judge(requester, score, request.content_limit)

    async def _score(self, key: str, square: bytes) -> float:
        if key in self._scores:
            self._scores.move_to_end(key)
            return self._scores[key]
        checker = self._rules.checker
        if checker is None:
            raise Unavailable("unavailable_filter")
        self._scores[key] = await checker.score([square])
        if len(self._scores) > REMEMBERED:
            self._scores.popitem(last=False)
        return self._scores[key]

    async def _judge(self, requester: Requester, score: float, limit: float) -> None:
        if not passes(score, limit):
            await self._record(requester, "refused_picture")
            raise BadPicture("picture_refused")

    async def _record(self, requester: Requester, action: str, **detail: object) -> None:
        """Count a refusal, and tell the moderators of it: neither the prompt nor the picture."""
        self.refused[action.removeprefix("refused_")] += 1
        place = requester.place
        log.info("an order is refused: %s", action)
        await self._audit.record_refusal(
            place.guild, requester.owner, action, channel=place.channel, **detail
        )

    async def _note(self, job: Job) -> None:
        if job.failure is None or job.failure.key != CONTENT_REFUSED:
            return
        self.refused["frames"] += 1
        place = job.reply_to
        try:
            await self._audit.record(
                *(place.guild, job.owner, "refused_frames", job.id), channel=place.channel
            )
        except Unavailable:
            log.warning("a refused clip could not be noted in the audit log")
