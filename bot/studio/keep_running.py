"""Background work that is done again and again, whatever one time of it raises."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from storage.domain.errors import Unavailable

log = logging.getLogger(__name__)

MOST_INTERVALS = 8  # between two times, while they fail, unless a caller says otherwise


async def keep_running(
    step: Callable[[], Awaitable[object]],
    interval: float,
    later: str,
    *,
    outages: tuple[type[Exception], ...] = (Unavailable,),
    most_intervals: int = MOST_INTERVALS,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Await step until cancelled, with so many seconds in between.

    Outages have been logged by what is away. Any other error is logged where it is another than the
    last one, as what `later` says; while they raise such errors, the times become rarer, down to
    one in most_intervals.
    """
    fault, pause = "", interval
    while True:
        try:
            await step()
        except outages:
            pause = interval
        except Exception as error:
            if repr(error) != fault:
                log.exception("%s", later)
            fault, pause = repr(error), min(2 * pause, most_intervals * interval)
        else:
            fault, pause = "", interval
        await sleep(pause)
