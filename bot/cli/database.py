"""`mutoscope db`: copies a service's database, and checks the files that it names."""

from __future__ import annotations

import contextlib
from collections import Counter

from bot.cli.invocation import Invocation
from bot.maintenance import BlobState, check_blobs, copy_database
from storage.domain.text import printable

ALL_SOUND, SOME_LOST = 0, 1


async def copy(invocation: Invocation) -> int:
    """Copy the database; return the exit status."""
    arguments = invocation.arguments
    counts = await copy_database(arguments.source, arguments.target)
    for table, count in counts.items():
        print(f"{table}: {count}")
    print(invocation.text("cli_db_copied"))
    return ALL_SOUND


async def check(invocation: Invocation) -> int:
    """Check every picture, clip and style; return the exit status."""
    found = Counter[BlobState]()
    async with contextlib.aclosing(check_blobs(invocation.settings)) as checked:
        async for blob in checked:
            found[blob.state] += 1
            if blob.state is not BlobState.SOUND:
                name = blob.name
                print(f"{printable(name.row)} {name.column} {printable(name.key)} {blob.state}")
    missing, damaged = found[BlobState.MISSING], found[BlobState.DAMAGED]
    counts = {"count": found.total(), "missing": missing, "damaged": damaged}
    print(invocation.text("cli_db_checked", **counts))
    return SOME_LOST if missing or damaged else ALL_SOUND
