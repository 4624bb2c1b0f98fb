"""`mutoscope export` and `mutoscope forget`: what a person may ask for, done by the operator."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from bot.cli.invocation import Invocation
from bot.cli.local_user import UNLIMITED
from bot.service import count_workers, open_service
from bot.studio.studio import Studio
from storage.domain.job import Status
from storage.domain.text import printable
from storage.settings import SettingsError

DONE, NOT_DONE = 0, 1


async def export(invocation: Invocation) -> int:
    """Write everything of a person into a ZIP; return the exit status."""
    person, path = invocation.arguments.person, invocation.arguments.out
    async with open_service(invocation.settings, UNLIMITED) as service:
        try:
            await _write(service.studio, person, path)
        except OSError as error:
            reason = invocation.text("cli_unwritten", reason=error.strerror)
            print(f"mutoscope: {printable(path)}: {reason}", file=sys.stderr)
            return NOT_DONE
    print(invocation.text("cli_exported", person=printable(person), file=printable(path)))
    return DONE


async def _write(studio: Studio, person: str, path: Path) -> None:
    """Write the ZIP, which only this user may read, and leave no part of one."""
    descriptor = await asyncio.to_thread(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            async for piece in studio.privacy.exporting.stream(person):
                await asyncio.to_thread(file.write, piece)
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise


async def forget(invocation: Invocation) -> int:
    """Ask, and erase everything of a person; return the exit status."""
    arguments, settings = invocation.arguments, invocation.settings
    if invocation.environ.get("REDIS_URL", "").strip():
        # Whoever serves the page has to be told; Unavailable is raised before anything is erased.
        await count_workers(settings.redis_url, invocation.admission.catalogue.default_model)
    async with open_service(settings, UNLIMITED) as service:
        if not (arguments.yes or await _agreed(invocation, service.studio)):
            print(invocation.text("cli_forget_kept"))
            return NOT_DONE
        told = await service.studio.privacy.erasing.forget(arguments.person)
    print(invocation.text("cli_forgotten", person=printable(arguments.person)))
    if not told:
        print(invocation.text("cli_forgotten_untold"))
    return DONE


async def _agreed(invocation: Invocation, studio: Studio) -> bool:
    """Tell whether the operator writes the person's name again once they know what goes."""
    person = invocation.arguments.person
    if not sys.stdin.isatty():
        raise SettingsError(invocation.text("cli_forget_yes"))
    counts = (await studio.reports.of_person(person)).counts
    asked = invocation.text(
        "cli_forget_ask",
        person=printable(person),
        orders=sum(counts.values()),
        unfinished=sum(count for status, count in counts.items() if not Status(status).final),
        styles=len(await studio.styles.own(person)),
    )
    try:
        answer = await asyncio.to_thread(input, f"{asked} ")
    except EOFError:
        return False
    return answer.strip() == str(person)
