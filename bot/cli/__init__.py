"""`mutoscope`: the command line front end, which needs no Discord."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

from bot.cli.animate import SOME_FAILED, WRONG_INPUT, animate
from bot.cli.arguments import read
from bot.cli.report import report
from bot.i18n import Translations
from storage.catalogue_file import CatalogueError
from storage.domain.errors import MutoscopeError
from storage.settings import SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mutoscope` and return its exit status."""
    arguments, environ = read(argv), dict(os.environ)
    texts = Translations.load()
    locale = arguments.locale or locale_of(environ)
    command = animate if arguments.command == "animate" else report
    try:
        return asyncio.run(command(arguments, environ, texts, locale))
    except (SettingsError, CatalogueError) as error:
        print(f"mutoscope: {error}", file=sys.stderr)
        return WRONG_INPUT
    except MutoscopeError as error:  # the database or the blob store is away
        print(f"mutoscope: {texts.error(locale, error)}", file=sys.stderr)
        return SOME_FAILED


def locale_of(environ: Mapping[str, str]) -> str:
    """Return the terminal's language as a locale, en where none is set."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        language = environ.get(name, "").partition(".")[0].replace("_", "-")
        if language:
            return language if language not in ("C", "POSIX") else "en"
    return "en"
