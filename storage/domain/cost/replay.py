"""Replays orders through a scaling policy on virtual time.

It tells what a recorded or invented day of orders would cost with on-demand workers: when each
worker would have started, been ready and ended, and when each clip would have begun.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from statistics import fmean

from storage.domain.cost.scaling import QueueLoad, ScalingPolicy

GAPS = 50  # of the recent ones, from which the policy learns how long to stay idle


@dataclass(frozen=True, slots=True)
class Arrival:
    """An order: when it came, and how many seconds its clip takes."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class WorkerSpan:
    """One worker's life: when it was started, was ready and ended, and how long it made clips."""

    started: float
    ready: float
    ended: float
    busy: float

    @property
    def lifetime(self) -> float:
        """Return for how many seconds it ran."""
        return self.ended - self.started


@dataclass(frozen=True, slots=True)
class Replay:
    """The workers in the order of their ends, and when each clip was begun."""

    workers: tuple[WorkerSpan, ...]
    begun: tuple[float, ...]


class _Event(IntEnum):
    ARRIVAL = 0
    READY = 1
    DONE = 2
    POLL = 3
    IDLE = 4


@dataclass(slots=True)
class _Worker:
    started: float
    ready: float = math.inf
    busy: float = 0.0
    clip: int | None = None
    idle_since: float | None = None


def replay(
    arrivals: Sequence[Arrival],
    policy: ScalingPolicy,
    start_seconds: Callable[[int], float],
    *,
    poll_seconds: float = 5.0,
    fixed: int = 0,
) -> Replay:
    """Return what the policy does with these orders, which are sorted by time.

    start_seconds returns how long the worker of this number takes until it is ready. The policy is
    asked every poll_seconds, as an autoscaler does. With `fixed` there are so many workers, ready
    from the first order to the end of the last, and the policy is not asked.
    """
    if not arrivals:
        return Replay((), ())
    return _Simulation(arrivals, policy, start_seconds, poll_seconds, fixed).run()


class _Simulation:
    def __init__(
        self,
        arrivals: Sequence[Arrival],
        policy: ScalingPolicy,
        start_seconds: Callable[[int], float],
        poll_seconds: float,
        fixed: int,
    ) -> None:
        self._arrivals = arrivals
        self._policy = policy
        self._start_seconds = start_seconds
        self._poll_seconds = poll_seconds
        self._fixed = fixed
        self._clip_seconds = fmean(arrival.seconds for arrival in arrivals)
        self._events = [(one.at, _Event.ARRIVAL, number) for number, one in enumerate(arrivals)]
        heapq.heapify(self._events)
        self._waiting: deque[int] = deque()
        self._workers: dict[int, _Worker] = {}
        self._started = 0
        self._polling = False
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._idle_seconds = policy.idle_seconds(())
        self._quiet_since: float | None = None
        self._begun = [0.0] * len(arrivals)
        self._spans: list[WorkerSpan] = []

    def run(self) -> Replay:
        """Handle all events; return what happened."""
        handlers = {
            _Event.ARRIVAL: self._arrive,
            _Event.READY: self._become_ready,
            _Event.DONE: self._complete,
            _Event.POLL: self._poll,
            _Event.IDLE: self._end_if_idle,
        }
        for _ in range(self._fixed):
            number = self._start(self._arrivals[0].at)
            self._become_ready(self._arrivals[0].at, number)
        now = 0.0
        while self._events:
            now, event, number = heapq.heappop(self._events)
            handlers[event](now, number)
        for worker in self._workers.values():  # those of a fixed number
            self._end(worker, now)
        return Replay(tuple(self._spans), tuple(self._begun))

    def _arrive(self, now: float, clip: int) -> None:
        if self._quiet_since is not None:
            self._gaps.append(now - self._quiet_since)
            self._idle_seconds = self._policy.idle_seconds(self._gaps)
            self._quiet_since = None
        self._waiting.append(clip)
        idle = [one for one in self._workers.items() if one[1].idle_since is not None]
        if idle:
            longest = min(idle, key=lambda one: (one[1].idle_since, one[0]))
            self._take_next(now, longest[0])
        elif not self._polling and not self._fixed:
            self._polling = True
            due = math.ceil(now / self._poll_seconds) * self._poll_seconds
            heapq.heappush(self._events, (due, _Event.POLL, 0))

    def _poll(self, now: float, _number: int) -> None:
        self._polling = bool(self._waiting)
        if not self._polling:
            return
        wanted = self._policy.wanted(self._load(now))
        for _ in range(wanted - len(self._workers)):
            number = self._start(now)
            ready = now + self._start_seconds(number)
            heapq.heappush(self._events, (ready, _Event.READY, number))
        heapq.heappush(self._events, (now + self._poll_seconds, _Event.POLL, 0))

    def _load(self, now: float) -> QueueLoad:
        """Return what a service knows of its work: not how long a clip really takes."""
        remaining = tuple(
            max(0.0, self._begun[worker.clip] + self._clip_seconds - now)
            for worker in self._workers.values()
            if worker.clip is not None
        )
        idle = sum(worker.idle_since is not None for worker in self._workers.values())
        return QueueLoad(len(self._waiting), remaining, idle, self._clip_seconds)

    def _start(self, now: float) -> int:
        number, self._started = self._started, self._started + 1
        self._workers[number] = _Worker(now)
        return number

    def _become_ready(self, now: float, number: int) -> None:
        self._workers[number].ready = now
        self._take_next(now, number)

    def _complete(self, now: float, number: int) -> None:
        self._workers[number].clip = None
        if not self._waiting and all(one.clip is None for one in self._workers.values()):
            self._quiet_since = now
        self._take_next(now, number)

    def _take_next(self, now: float, number: int) -> None:
        worker = self._workers[number]
        if not self._waiting:
            worker.idle_since = now
            if not self._fixed:
                due = now + self._idle_seconds
                heapq.heappush(self._events, (due, _Event.IDLE, number))
            return
        clip = self._waiting.popleft()
        seconds = self._arrivals[clip].seconds
        self._begun[clip] = now
        worker.idle_since, worker.clip = None, clip
        worker.busy += seconds
        heapq.heappush(self._events, (now + seconds, _Event.DONE, number))

    def _end_if_idle(self, now: float, number: int) -> None:
        worker = self._workers.get(number)
        if worker is None or worker.idle_since is None:
            return
        if now >= worker.idle_since + self._idle_seconds - 1e-6:
            self._end(self._workers.pop(number), now)
        else:
            due = worker.idle_since + self._idle_seconds
            heapq.heappush(self._events, (due, _Event.IDLE, number))

    def _end(self, worker: _Worker, now: float) -> None:
        self._spans.append(WorkerSpan(worker.started, worker.ready, now, worker.busy))
