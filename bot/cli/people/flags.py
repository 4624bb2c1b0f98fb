"""The flags of the commands that are about a person."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

PERSON = re.compile(r"[1-9][0-9]{0,19}|cli|web(:[^\x00-\x1f\x7f]{1,90})?")
ABOUT = "web:NAME or web (the page), a Discord id, or cli (this command)"
REASON_LIMIT = 200  # characters


def add_people_parsers(commands: Any) -> list[argparse.ArgumentParser]:
    """Add the commands."""
    export = commands.add_parser("export", help="write all that is kept of a person into a ZIP")
    export.add_argument("-o", "--out", type=Path, required=True, metavar="FILE")
    forget = commands.add_parser("forget", help="delete all that is kept of a person")
    forget.add_argument("--yes", action="store_true", help="do not ask")
    ban = commands.add_parser("ban", help="let a person order nothing from now on")
    ban.add_argument("--reason", type=_reason, default="", help="which the person is told")
    unban = commands.add_parser("unban", help="let a person order again")
    for each in (export, forget, ban, unban):
        each.add_argument("person", type=_person, metavar="PERSON", help=ABOUT)
    bans = commands.add_parser("bans", help="list who is banned from the whole service")
    return [export, forget, ban, unban, bans]


def _person(text: str) -> str:
    if not PERSON.fullmatch(text):
        raise argparse.ArgumentTypeError(f"write {ABOUT}")
    return text


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if len(reason) > REASON_LIMIT:
        raise argparse.ArgumentTypeError(f"at most {REASON_LIMIT} characters")
    return reason
