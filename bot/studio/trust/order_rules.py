"""The one door that every order goes through: whether its person may place it there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from bot.studio.orders.order_draft import Requester
from bot.studio.trust.policies import SERVICE, Policies
from storage.domain.job import Job
from storage.domain.request import GenerationRequest
from storage.domain.trust.limits import UNLIMITED, Limits, limits_of
from storage.domain.trust.place import Place
from storage.domain.trust.rules import check_server, check_service


class OrderRules:
    """Checks orders against what operators and a server's managers have set."""

    def __init__(
        self,
        policies: Policies,
        is_operator: Callable[[str], bool],
        job_of_clip: Callable[[str], Awaitable[Job | None]],
    ) -> None:
        """job_of_clip returns the job whose clip has a file of this sha256."""
        self._policies = policies
        self._is_operator = is_operator
        self._job_of_clip = job_of_clip

    async def check(self, requester: Requester, requests: Sequence[GenerationRequest]) -> Limits:
        """Raise NotAllowed unless this person may order these here; return their limits."""
        person, place = requester.owner, requester.place
        operator = self._is_operator(person)
        check_service(await self._policies.of(SERVICE), person, operator=operator)
        if not place.guild:
            return UNLIMITED
        policy = await self._policies.of(place.guild)
        check_server(policy, person, place)
        limits = limits_of(policy, place)
        for request in requests:
            limits.check(request, await self._source_seconds(request))
        return limits

    async def limits(self, place: Place) -> Limits:
        """Return what a person's roles bound at a place, whether they may order there or not."""
        if not place.guild:
            return UNLIMITED
        return limits_of(await self._policies.of(place.guild), place)

    async def _source_seconds(self, request: GenerationRequest) -> float:
        """Return how long the clip plays that an extension goes on from."""
        source = await self._job_of_clip(request.source) if request.source else None
        if source is None or source.clip is None or not request.generates:
            return 0.0
        return source.clip.frames / source.clip.fps
