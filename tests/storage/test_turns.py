"""Turns: one order has the engine, one may wait for it, and each is told when its turn comes."""

from __future__ import annotations

import pytest

from storage.queue.slots import Company, Room, Turn, Turns


def test_the_first_has_its_turn_at_once() -> None:
    begun: list[str] = []
    turns = Turns()
    assert turns.room() is Room.FREE
    turn = turns.join(lambda: begun.append("first"))
    assert turn.come.is_set()
    assert begun == ["first"]
    assert turns.room() is Room.NONE


def test_another_may_wait_once_the_turn_is_soon_over() -> None:
    begun: list[str] = []
    turns = Turns()
    first = turns.join(lambda: begun.append("first"))
    first.soon_over()
    assert turns.room() is Room.SPARE
    second = turns.join(lambda: begun.append("second"))
    assert turns.room() is Room.NONE
    assert not second.come.is_set()
    first.over()
    assert second.come.is_set()
    assert begun == ["first", "second"]


def test_nobody_waits_behind_one_that_waits() -> None:
    turns = Turns()
    first = turns.join(lambda: None)
    first.soon_over()
    second = turns.join(lambda: None)
    second.soon_over()
    assert turns.room() is Room.NONE
    first.over()
    assert turns.room() is Room.SPARE


def test_one_that_gives_up_waiting_takes_nobodys_turn() -> None:
    begun: list[str] = []
    turns = Turns()
    first = turns.join(lambda: None)
    second = turns.join(lambda: begun.append("second"))
    second.over()
    first.over()
    first.over()
    assert begun == []
    assert turns.room() is Room.FREE


PAIRS = Company("draft", (2,))
FOURS = Company("draft", (2, 4))


def lined_up(count: int, company: Company = PAIRS) -> tuple[Turns, list[Turn]]:
    """Return a line of prepared turns, the first of which has come."""
    turns = Turns()
    line = [turns.join(lambda: None, company) for _ in range(count)]
    for turn in line:
        turn.prepared = True
    return turns, line


@pytest.mark.parametrize(
    ("company", "prepared", "together"),
    [(PAIRS, 1, 1), (PAIRS, 2, 2), (PAIRS, 3, 2), (FOURS, 3, 2), (FOURS, 4, 4), (FOURS, 5, 4)],
)
def test_as_many_set_out_together_as_pays(company: Company, prepared: int, together: int) -> None:
    _, line = lined_up(prepared, company)
    along = line[0].set_out()
    assert along == line[1:together]
    assert [turn.come.is_set() for turn in line] == [place < together for place in range(prepared)]


def test_nobody_is_overtaken_for_the_sake_of_company() -> None:
    turns = Turns()
    line = [turns.join(lambda: None, one) for one in (PAIRS, None, PAIRS)]
    for turn in line:
        turn.prepared = True
    assert line[0].set_out() == []


def test_nobody_waits_for_company_that_is_not_ready() -> None:
    _, line = lined_up(3)
    line[1].prepared = False
    assert line[0].set_out() == []


def test_the_turn_is_over_when_all_who_share_it_are_done() -> None:
    _, line = lined_up(3)
    line[0].set_out()
    line[0].over()
    assert not line[2].come.is_set()
    line[1].over()
    assert line[2].come.is_set()


def test_there_is_room_for_company_shortly_before_the_engine_is_free() -> None:
    turns, line = lined_up(1)
    assert turns.room() is Room.NONE
    line[0].set_out()
    assert turns.room() is Room.NONE
    line[0].soon_over()
    assert turns.room() is Room.SPARE
    second = turns.join(lambda: None, PAIRS)
    assert turns.room() is Room.JOIN
    assert turns.sought() == PAIRS
    turns.join(lambda: None, PAIRS)
    assert turns.room() is Room.NONE
    line[0].over()
    second.set_out()
    assert turns.room() is Room.NONE


def test_nobody_joins_one_that_has_its_turn_alone() -> None:
    turns = Turns()
    turns.join(lambda: None).soon_over()
    turns.join(lambda: None)
    assert turns.room() is Room.NONE
