"""`mutoscope clips` and `mutoscope clip`: what this command made, and one clip with its file."""

from __future__ import annotations

import asyncio
import sys
import time

from bot.cli.invocation import Invocation
from bot.cli.local_user import OWNER, UNLIMITED
from bot.cli.output_folder import write_whole
from bot.service import open_service
from bot.studio.parameter_lines import write_details
from bot.studio.studio import Studio
from storage.domain.errors import JobGone
from storage.domain.job import Job
from storage.domain.library.lineage import relation_of
from storage.domain.library.pages import PageRequest
from storage.domain.prompt.story import title_of
from storage.domain.text import printable

FOUND, NOT_FOUND = 0, 1


async def clips(invocation: Invocation) -> int:
    """Print the id, the time and the prompt of each clip, the newest first."""
    search, left = invocation.arguments.search or "", invocation.arguments.limit
    anchor: str | None = ""
    async with open_service(invocation.settings, UNLIMITED) as service:
        while anchor is not None and left > 0:
            page = await service.studio.library.page(PageRequest(OWNER, anchor, search=search))
            for job in page.jobs[:left]:
                _print(job)
            left, anchor = left - len(page.jobs), page.older or None
    return FOUND


async def clip(invocation: Invocation) -> int:
    """Print a clip's parameters and what it was made from, and write its file where asked to."""
    arguments, text = invocation.arguments, invocation.text
    async with open_service(invocation.settings, UNLIMITED) as service:
        studio = service.studio
        job = await studio.job(arguments.id)
        if job.owner != OWNER:
            raise JobGone("job_unknown")
        _print(job)
        print(write_details(studio.admission.options_for(job.request.model), job.request, job.clip))
        await _print_lineage(invocation, studio, job)
        if arguments.out is None:
            return FOUND
        data = None if job.clip is None else await studio.shown.clip_file(job.clip)
    if data is None:
        print(f"mutoscope: {text('cli_clip_lost')}", file=sys.stderr)
        return NOT_FOUND
    try:
        await asyncio.to_thread(write_whole, arguments.out, data)
    except OSError as error:
        reason = text("cli_unwritten", reason=error.strerror)
        print(f"mutoscope: {printable(arguments.out)}: {reason}", file=sys.stderr)
        return NOT_FOUND
    return FOUND


async def _print_lineage(invocation: Invocation, studio: Studio, job: Job) -> None:
    """Print what a job was made from, and what was made of it, a line each."""
    text = invocation.text
    children = await studio.library.children(job.id)
    relatives = [("details_children", job, one) for one in children if one.owner == OWNER]
    try:
        parent = await studio.job(job.parent) if job.parent else None
    except JobGone:
        parent = None
    if parent is not None and parent.owner == OWNER:
        relatives.insert(0, ("details_parent", parent, job))
    for key, older, younger in relatives:
        relation = text(f"lineage_{relation_of(older.request, younger.request).value}")
        other = older if key == "details_parent" else younger
        print(f"{text(key)}: {printable(other.id)} ({relation})")


def _print(job: Job) -> None:
    """Print a job in one line of columns."""
    moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.ended or job.created))
    prompt = printable(" ".join(title_of(job.request).split()))
    print(f"{printable(job.id)}\t{moment}\t{prompt}")
