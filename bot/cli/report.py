"""`mutoscope report`: what this command made, what it cost and what the cache saved."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from bot.cli.local_user import OWNER, UNLIMITED
from bot.i18n import Translations
from bot.service import open_service
from storage.domain.job import Status
from storage.settings import Settings


async def report(
    _: argparse.Namespace, environ: Mapping[str, str], texts: Translations, locale: str
) -> int:
    """Print the report; return the exit status."""
    async with open_service(Settings.from_environment(environ), UNLIMITED) as service:
        totals = await service.studio.report(OWNER)
    for status in Status:
        name = texts.text(locale, f"status_{status.value}")
        print(f"{name}: {totals.counts.get(status, 0)}")
    for key, count in (("quota_in_all", totals.credits), ("quota_saved", totals.saved)):
        amount = texts.text(locale, "quota_credits", count=count)
        print(f"{texts.text(locale, key)}: {amount}")
    return 0
