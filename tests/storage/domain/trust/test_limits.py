"""What a person may order in a server follows from their roles, the most generous of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.domain.errors import NotAllowed
from storage.domain.finish import Finish
from storage.domain.request import GenerationRequest
from storage.domain.trust.limits import UNLIMITED, Limits, limits_of
from storage.domain.trust.place import Place
from storage.domain.trust.policy import RoleAllowance, ServerPolicy
from tests.support.examples import REQUEST

POLICY = ServerPolicy(
    allowances=(
        RoleAllowance("7", credits_per_day=100, side=256),  # everybody: the server's own id
        RoleAllowance("1", credits_per_day=300, unfinished_jobs=1),
        RoleAllowance("2", credits_per_day=200, unfinished_jobs=4, seconds=2.0),
    )
)
CLIP = replace(REQUEST, width=512, height=256, frames=16, fps=8, finish=None)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ((), Limits(credits_per_day=100, side=256)),
        (("1",), Limits(credits_per_day=300, unfinished_jobs=1, side=256)),
        (("1", "2"), Limits(300, None, 4, 256, 2.0)),
        (("9",), Limits(credits_per_day=100, side=256)),
    ],
)
def test_the_most_generous_role_counts_for_each_bound(
    roles: tuple[str, ...], expected: Limits
) -> None:
    assert limits_of(POLICY, Place("7", "5", roles=roles)) == expected


def test_without_a_row_for_any_role_there_is_no_bound_but_the_catalogues() -> None:
    rows = ServerPolicy(allowances=(RoleAllowance("1", credits_per_day=0),))
    assert limits_of(rows, Place("7", "5", roles=("2",))) == UNLIMITED


@pytest.mark.parametrize(
    ("request_", "source_seconds", "limits"),
    [
        (CLIP, 0.0, Limits(side=512, seconds=2.0)),
        (replace(CLIP, finish=Finish(upscale=2)), 0.0, Limits(side=1024)),
        (CLIP, 2.0, Limits(seconds=3.875)),  # both parts share a frame
    ],
)
def test_what_just_fits_is_allowed_and_not_the_least_more(
    request_: GenerationRequest, source_seconds: float, limits: Limits
) -> None:
    limits.check(request_, source_seconds)
    if limits.side is not None:
        with pytest.raises(NotAllowed, match="denied_side"):
            replace(limits, side=limits.side - 1).check(request_, source_seconds)
    if limits.seconds is not None:
        with pytest.raises(NotAllowed, match="denied_length"):
            replace(limits, seconds=limits.seconds - 0.01).check(request_, source_seconds)


def test_drafts_are_measured_by_the_clip_that_is_chosen() -> None:
    drafts = replace(CLIP, candidates=4, drafts=(512, 256))
    Limits(side=512).check(drafts)
