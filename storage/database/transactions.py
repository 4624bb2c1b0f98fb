"""Opens the database's transactions, and turns its outages into Unavailable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database.connect import READING
from storage.domain.errors import Unavailable
from storage.logs import FaultLog

log = logging.getLogger(__name__)

Transaction = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


class Transactions:
    """Gives connections for reading and for one transaction of changes.

    Both raise Unavailable("unavailable_database") where the database cannot be reached.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(**READING)
        self._faults = FaultLog(log, "the database")
        # SQLite's writers poll ever less often until its lock is free; a lock here is quicker.
        sqlite = engine.dialect.name == "sqlite"
        self._write_lock = asyncio.Lock() if sqlite else nullcontext()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection whose changes are committed at the end, or undone at an error."""
        async with self._reachable(), self._write_lock, self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that changes nothing."""
        async with self._reachable(), self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def _reachable(self) -> AsyncIterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, PoolTimeout, OSError) as error:
            self._faults.begin(error.orig or error if isinstance(error, DBAPIError) else error)
            raise Unavailable("unavailable_database") from error
        self._faults.end()
