"""Turns: whose turn at the engine it is, among the orders that one worker holds.

An order is taken a little before the engine is free, so that its picture is there when its turn
comes; and it stays with the worker after its turn, while its frames become a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum


class Room(Enum):
    """What a worker has room for."""

    NONE = "none"
    SPARE = "spare"  # an order that no idle worker takes: its turn comes soon, not now
    FREE = "free"  # an order whose turn comes at once


class Turn:
    """One order's turn at the engine: it comes, is soon over, and is over."""

    def __init__(self, turns: Turns, begun: Callable[[], None]) -> None:
        """Wait in the line; begun is called when the turn comes."""
        self._turns = turns
        self._begun = begun
        self.come = asyncio.Event()
        self.ending = False

    def soon_over(self) -> None:
        """Say that the engine will be free in a moment: another order may be fetched."""
        self.ending = True

    def over(self) -> None:
        """Give the engine to the next in line; may be said twice."""
        self._turns.leave(self)

    def begin(self) -> None:
        """Let the turn come, if it has not yet."""
        if not self.come.is_set():
            self.come.set()
            self._begun()


class Turns:
    """The line in front of one engine: whoever has it, and those that have its next turn."""

    def __init__(self) -> None:
        """Start with nobody in line."""
        self._line: list[Turn] = []

    def join(self, begun: Callable[[], None]) -> Turn:
        """Return a turn at the line's end; the first in line has it at once."""
        turn = Turn(self, begun)
        self._line.append(turn)
        self._line[0].begin()
        return turn

    def leave(self, turn: Turn) -> None:
        """Take a turn out of the line, whether it came or not."""
        if turn in self._line:
            self._line.remove(turn)
        if self._line:
            self._line[0].begin()

    def room(self) -> Room:
        """Tell what may join the line now."""
        if not self._line:
            return Room.FREE
        if all(turn.come.is_set() and turn.ending for turn in self._line):
            return Room.SPARE
        return Room.NONE
