"""Orders among faults: nothing may be lost, come twice, be charged wrongly or stay unanswered.

Real bot, workers with their child, Redis behind a proxy and the local Discord; people order while
faults happen, then an audit judges from outside. Prints a table and one JSON line; the exit status
is 1 where something was found.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.waiting import poll
from tests.faults.audit import Verdict, audit
from tests.faults.evidence import UNSETTLED, Evidence, read_evidence
from tests.faults.injection import Injector
from tests.faults.people import People
from tests.faults.report import summary, table
from tests.faults.schedule import KINDS, PACE, Schedule, make_schedule
from tests.faults.service import FaultyService
from tests.support.stores.outside_database import DATABASES, database_for

STANDSTILL_SECONDS = 120.0
PROGRESS_SECONDS = 30.0

Planned = TypeVar("Planned")


async def run(service: FaultyService, schedule: Schedule, prefix: str) -> tuple[Evidence, Verdict]:
    """Carry out the schedule and judge it."""
    async with service, People(service.stack.page, prefix) as people:
        async with MemberClient(service.stack.page) as ada:
            injector = Injector(service, ada)
            await people.join(schedule.people)
            began = time.monotonic()
            telling = asyncio.create_task(_tell_progress(people, injector))
            async with asyncio.TaskGroup() as group:
                for order in schedule.orders:
                    group.create_task(_later(began + order.at, people.order, order))
                for fault in schedule.faults:
                    group.create_task(_later(began + fault.at, injector.inject, fault))
            telling.cancel()
            await settle(service)
            waiting = "SELECT owner FROM deliveries WHERE waiting > 0.0"
            await people.fetch([row["owner"] for row in await service.database.rows(waiting)])
        evidence = await read_evidence(service, people.placed, people.given_up, injector.records)
        return evidence, audit(evidence)


async def _later(at: float, act: Callable[[Planned], Awaitable[None]], planned: Planned) -> None:
    await asyncio.sleep(max(0.0, at - time.monotonic()))
    await act(planned)


async def _tell_progress(people: People, injector: Injector) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        counts = f"{len(people.placed)} orders, {len(injector.records)} faults"
        print(f"{time.monotonic() - began:.0f} s: {counts}", file=sys.stderr, flush=True)


async def settle(service: FaultyService) -> None:
    """Wait until every job has ended and was delivered, and every begun order was told.

    Wait no longer once nothing has changed for a while.
    """
    left = await _unsettled(service)
    while left:
        changed = partial(_has_changed, service, left)
        try:
            await poll(changed, STANDSTILL_SECONDS, "anything to change")
        except TimeoutError as error:
            print(f"{left} orders are not settled: {error}", file=sys.stderr, flush=True)
            return
        left = await _unsettled(service)


async def _unsettled(service: FaultyService) -> int:
    [row] = await service.database.rows(UNSETTLED)
    return int(row["unsettled"])


async def _has_changed(service: FaultyService, before: int) -> bool:
    return await _unsettled(service) != before


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200, help="how many orders")
    parser.add_argument("--faults", type=int, help="how many faults (default: 15 in 100 orders)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed, the same schedule")
    parser.add_argument("--pace", type=float, default=PACE, help="seconds between two orders")
    parser.add_argument("--pause", type=float, help="seconds between one fault and the next")
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds of faults, with commas")
    parser.add_argument("--bots", type=int, default=1, help="how many bots run all the time")
    parser.add_argument("--database", choices=DATABASES, default="sqlite", help="of the bots")
    parser.add_argument("--home", type=Path, help="a folder for data and logs, which is kept")
    read = parser.parse_args(arguments)
    faults = round(read.jobs * 0.15) if read.faults is None else read.faults
    kinds = read.kinds.split(",")
    schedule = make_schedule(
        read.jobs, faults, read.seed, pace=read.pace, kinds=kinds, pause=read.pause
    )
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="mutoscope-faults-")
        folder = read.home or Path(stack.enter_context(temporary))
        url = stack.enter_context(database_for(read.database, folder))
        service = FaultyService(folder, url, read.bots)
        evidence, verdict = asyncio.run(run(service, schedule, f"s{read.seed}n"))
    print(table(evidence, verdict))
    print(summary(evidence, verdict), flush=True)
    return 0 if verdict.passed else 1


if __name__ == "__main__":
    sys.exit(main())
