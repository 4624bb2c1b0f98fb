"""A thread counts as its channel, a channel as its category."""

from __future__ import annotations

import pytest

from storage.domain.trust.place import Place


@pytest.mark.parametrize(
    ("channels", "within"), [(("1",), True), (("2",), True), (("3", "9"), True), (("4",), False)]
)
def test_a_place_is_within_its_channel_and_what_that_is_in(
    channels: tuple[str, ...], within: bool
) -> None:
    assert Place("7", "1", parents=("2", "3")).is_within(channels) is within
