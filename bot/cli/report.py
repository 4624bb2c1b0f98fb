"""`mutoscope report`: what this command made, what it cost and what the cache saved."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

from bot.cli.shop import OWNER, unbounded
from bot.i18n import Words
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.job import Status
from storage.settings import Settings


async def report(
    _: argparse.Namespace, environ: Mapping[str, str], words: Words, locale: str
) -> int:
    """Print the report; return the exit status."""
    settings = Settings.from_environment(environ)
    engine = await open_database(settings.database_url)
    try:
        book = await Jobs(engine, unbounded(settings.catalogue())).report(OWNER, time.time())
    finally:
        await engine.dispose()
    for status in Status:
        name = words.text(locale, f"status_{status.value}")
        print(f"{name}: {book.counts.get(status, 0)}")
    for key, count in (("quota_in_all", book.credits), ("quota_saved", book.saved)):
        amount = words.text(locale, "quota_credits", count=count)
        print(f"{words.text(locale, key)}: {amount}")
    return 0
