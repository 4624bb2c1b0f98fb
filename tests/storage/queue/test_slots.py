"""One order has the engine, one may wait for it, and each is called when it gets it."""

from __future__ import annotations

from storage.queue.slots import Capacity, SlotQueue


def test_the_first_slot_is_acquired_at_once() -> None:
    acquired: list[str] = []
    slots = SlotQueue()
    assert slots.capacity() is Capacity.FREE
    slot = slots.request(lambda: acquired.append("first"))
    assert slot.acquired.is_set()
    assert acquired == ["first"]
    assert slots.capacity() is Capacity.NONE


def test_another_may_wait_once_the_engine_is_free_soon() -> None:
    acquired: list[str] = []
    slots = SlotQueue()
    first = slots.request(lambda: acquired.append("first"))
    first.announce_free_soon()
    assert slots.capacity() is Capacity.SPARE
    second = slots.request(lambda: acquired.append("second"))
    assert slots.capacity() is Capacity.NONE
    assert not second.acquired.is_set()
    first.release()
    assert second.acquired.is_set()
    assert acquired == ["first", "second"]


def test_nothing_waits_behind_a_waiting_slot() -> None:
    slots = SlotQueue()
    first = slots.request(lambda: None)
    first.announce_free_soon()
    second = slots.request(lambda: None)
    second.announce_free_soon()
    assert slots.capacity() is Capacity.NONE
    first.release()
    assert slots.capacity() is Capacity.SPARE


def test_a_slot_released_while_it_waits_is_never_acquired() -> None:
    acquired: list[str] = []
    slots = SlotQueue()
    first = slots.request(lambda: None)
    second = slots.request(lambda: acquired.append("second"))
    second.release()
    first.release()
    first.release()
    assert acquired == []
    assert slots.capacity() is Capacity.FREE
