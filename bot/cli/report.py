"""`mutoscope report`: what this command made, what it cost and what the cache saved."""

from __future__ import annotations

import sys

from bot.cli.invocation import Invocation
from bot.cli.local_user import OWNER, UNLIMITED
from bot.service import open_service
from bot.studio.reports.usage_csv import csv_of
from storage.domain.job import Status


async def report(invocation: Invocation) -> int:
    """Print the report, or the last days as CSV; return the exit status."""
    text, days = invocation.text, invocation.arguments.days
    async with open_service(invocation.settings, UNLIMITED) as service:
        totals = await service.studio.reports.of_person(OWNER)
        history = await service.studio.usage.of_person(OWNER, days)
    if invocation.arguments.csv:
        sys.stdout.write(csv_of(history))
        return 0
    for status in Status:
        print(f"{text(f'status_{status.value}')}: {totals.counts.get(status, 0)}")
    for key, count in (("quota_in_all", totals.credits), ("quota_saved", totals.saved)):
        print(f"{text(key)}: {text('quota_credits', count=count)}")
    return 0
