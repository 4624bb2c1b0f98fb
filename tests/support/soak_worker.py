"""A worker process for the soak test, which writes down each clip that it makes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from storage.domain.clip import Clip, Failure
from storage.queue.consumer import serve
from storage.queue.messages.orders import Order
from storage.queue.reporter import ProgressReporter
from storage.settings import Settings
from tests.support.queue_worker import clip_of


async def make(order: Order, reporter: ProgressReporter) -> Clip | Failure:
    """Use the engine for 0.2 s in steps, then take a little longer, as an encoder would."""
    while not reporter.slot.acquired.is_set() and not reporter.cancelled.is_set():  # noqa: ASYNC110  # two events
        await asyncio.sleep(0.01)
    for step in range(4):
        if reporter.cancelled.is_set():
            return Failure("failed_cancelled", cancelled=True)
        await asyncio.sleep(0.05)
        if step == 0:
            reporter.slot.announce_free_soon()
    reporter.slot.release()
    await asyncio.sleep(0.05)
    if reporter.cancelled.is_set():
        return Failure("failed_cancelled", cancelled=True)
    await asyncio.to_thread(note, order.id)
    return clip_of(order)


def note(identity: str) -> None:
    """Write down that this attempt's clip was made."""
    with Path(os.environ["SOAK_NOTES"]).open("a") as notes:
        notes.write(identity + "\n")


async def main() -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings.from_environment(os.environ)
    await serve(make, settings, f"soak-{os.getpid()}", stop)


if __name__ == "__main__":
    asyncio.run(main())
