"""`mutoscope`: the command line front end, which needs no Discord."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Sequence

from bot.cli import clips, database
from bot.cli.animate import SOME_FAILED, WRONG_INPUT, animate, extend, finish, imagine
from bot.cli.invocation import Invocation
from bot.cli.origin.verify import verify
from bot.cli.people import bans, rights
from bot.cli.report import report
from bot.cli.web.command import web
from storage.catalogue_file import CatalogueError
from storage.domain.errors import MutoscopeError
from storage.settings import SettingsError

COMMANDS = {
    "animate": animate,
    "story": animate,
    "extend": extend,
    "imagine": imagine,
    "clips": clips.clips,
    "clip": clips.clip,
    "finish": finish,
    "upscale": finish,
    "report": report,
    "verify": verify,
    "export": rights.export,
    "forget": rights.forget,
    "ban": bans.ban,
    "unban": bans.unban,
    "bans": bans.bans,
    "db copy": database.copy,
    "db check": database.check,
    "web": web,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mutoscope` and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal can show all texts
    try:
        invocation = Invocation.read(argv, dict(os.environ))
    except (SettingsError, CatalogueError) as error:
        print(f"mutoscope: {error}", file=sys.stderr)
        return WRONG_INPUT
    try:
        return asyncio.run(COMMANDS[invocation.arguments.command](invocation))
    except SettingsError as error:
        print(f"mutoscope: {error}", file=sys.stderr)
        return WRONG_INPUT
    except BrokenPipeError:  # whoever read the output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SOME_FAILED
    except MutoscopeError as error:  # the database, the blob store or a named Redis is away
        print(f"mutoscope: {invocation.error(error)}", file=sys.stderr)
        return WRONG_INPUT if error.key == "unavailable_queue" else SOME_FAILED
