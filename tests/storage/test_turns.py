"""Turns: one order has the engine, one may wait for it, and each is told when its turn comes."""

from __future__ import annotations

from storage.queue.slots import Room, Turns


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
