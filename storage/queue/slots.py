"""Turns: whose turn at the engine it is, among the orders that one worker holds.

An order is taken a little before the engine is free, so that its picture is there when its turn
comes; and it stays with the worker after its turn, while its frames become a file.

Orders of one kind may share a turn where that pays. Each keeps all that is its own: a place in the
line, lease, cancel, outcome. All that they share is the moment: whoever sets out takes those along
that stand right behind, are of its kind, and have all they need, and waits for none. So nobody is
overtaken and nobody waits for company; and where no kind pays, this is a line of single turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile


class Room(Enum):
    """What a worker has room for."""

    NONE = "none"
    JOIN = "join"  # an order that may share the turn which comes next, and no other
    SPARE = "spare"  # an order that no idle worker takes: its turn comes soon, not now
    FREE = "free"  # an order whose turn comes at once


@dataclass(frozen=True, slots=True)
class Company:
    """Which orders may share a turn: those of one kind; sizes, ascending, says how many pay."""

    kind: Hashable
    sizes: tuple[int, ...]


class Turn:
    """One order's turn at the engine: it comes, is soon over, and is over."""

    def __init__(self, turns: Turns, begun: Callable[[], None], company: Company | None) -> None:
        """Wait in the line; begun is called when the turn comes."""
        self._turns = turns
        self._begun = begun
        self.company = company
        self.come = asyncio.Event()
        self.prepared = False
        self.working = False
        self.ending = False

    def set_out(self) -> list[Turn]:
        """Begin to work at the engine, whose turn has come; return those that come along."""
        return self._turns.set_out(self)

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
        self.places = 1  # how many orders have shared, or might have shared, a turn

    def join(self, begun: Callable[[], None], company: Company | None = None) -> Turn:
        """Return a turn at the line's end; the first in line has it at once."""
        turn = Turn(self, begun, company)
        if company is not None:
            self.places = max(self.places, *company.sizes)
        self._line.append(turn)
        self._line[0].begin()
        return turn

    def set_out(self, turn: Turn) -> list[Turn]:
        """Let a turn begin its work, and as many of those behind it as pay; return these."""
        turn.working = True
        if turn.company is None or turn not in self._line:
            return []
        behind = self._line[self._line.index(turn) + 1 :]
        company = [*takewhile(lambda one: one.prepared and one.company == turn.company, behind)]
        sizes = [size for size in turn.company.sizes if size <= 1 + len(company)]
        along = company[: max(sizes) - 1] if sizes else []
        for one in along:
            one.working = True
            one.begin()
        return along

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
        return Room.NONE if self.sought() is None else Room.JOIN

    def sought(self) -> Company | None:
        """Return whose company those who have the engine's next turn would share, if anybody's.

        Not once that turn has come: a picture that is not there in time would then wait for all of
        it, and its order with it, which an idle worker could have had.
        """
        following = [turn for turn in self._line if not turn.come.is_set()]
        at_work = self._line[: -len(following)]
        if not following or not all(turn.ending for turn in at_work):
            return None
        company = following[0].company
        alike = all(turn.company == company for turn in following)
        if company is None or not alike or len(following) >= max(company.sizes):
            return None
        return company
