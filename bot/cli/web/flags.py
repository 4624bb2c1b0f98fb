"""The flags of `mutoscope web`."""

from __future__ import annotations

import argparse


def add_web_flags(command: argparse.ArgumentParser) -> None:
    """Add the flags, each in place of the setting of its name."""
    command.add_argument("--host", metavar="ADDRESS", help="where to listen (default: WEB_HOST)")
    command.add_argument("--port", metavar="NUMBER", help="default: WEB_PORT; 0 is any free one")
    command.add_argument(
        "--page-only",
        action="store_true",
        help="start neither Redis nor a worker, and log as the bot does: the page of a service",
    )
    command.add_argument(
        "--add-login",
        metavar="NAME",
        help="ask for NAME's password, write it into WEB_LOGINS, and end",
    )
