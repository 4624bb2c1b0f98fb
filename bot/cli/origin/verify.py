"""`mutoscope verify`: what a file says of itself, and whether it is as it was signed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.cli.invocation import Invocation
from storage.clip_comment import comment_of
from storage.domain.text import printable

if TYPE_CHECKING:
    from storage.credentials.reading import FileCredentials

VALID, NOT_VALID, UNREADABLE = 0, 1, 2


async def verify(invocation: Invocation) -> int:
    """Print a file's credentials and our own parameters in it; return the exit status."""
    arguments, text = invocation.arguments, invocation.text
    try:
        data = await asyncio.to_thread(arguments.file.read_bytes)
        anchors = arguments.trust.read_text("utf-8") if arguments.trust is not None else ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _unreadable(text("cli_unreadable", file=printable(arguments.file), reason=reason))
    try:
        from storage.credentials.reading import (  # noqa: PLC0415 (a bot has no c2pa)
            UnreadableCredentials,
            read_credentials,
        )
    except (ImportError, OSError):
        return _unreadable(text("cli_verify_no_library"))
    try:
        found = await asyncio.to_thread(read_credentials, data, anchors)
    except UnreadableCredentials as error:
        name, reason = printable(arguments.file), printable(error)
        return _unreadable(text("cli_unreadable", file=name, reason=reason))
    for line in (*_credentials(invocation, found), *_own(invocation, data)):
        print(line)
    return VALID if found is not None and found.valid else NOT_VALID


def _unreadable(message: str) -> int:
    print(f"mutoscope: {message}", file=sys.stderr)
    return UNREADABLE


def _credentials(invocation: Invocation, found: FileCredentials | None) -> Iterator[str]:
    """Yield the lines of a file's credentials, the most important one first."""
    text = invocation.text
    if found is None:
        yield text("cli_verify_unmarked")
        return
    if found.valid:
        yield text("cli_verify_valid")
    else:
        yield text("cli_verify_invalid", faults=printable(", ".join(found.faults)))
    key = "cli_verify_trusted" if found.trusted else "cli_verify_untrusted"
    yield text(key, issuer=printable(found.issuer))
    yield text("cli_verify_generator", program=printable(found.generator))
    for action in found.actions:
        facts = (action.source_type, action.agent, *(f"{k}={v}" for k, v in action.parameters))
        told = ", ".join(printable(fact) for fact in facts if fact)
        yield text("cli_verify_action", action=printable(action.name), facts=told)
    for ingredient in found.ingredients:
        key = "cli_verify_signed_ingredient" if ingredient.credentials else "cli_verify_ingredient"
        title, relation = printable(ingredient.title), printable(ingredient.relationship)
        yield text(key, title=title, relation=relation, id=printable(ingredient.id))


def _own(invocation: Invocation, data: bytes) -> Iterator[str]:
    """Yield the lines of the parameters in a file of ours."""
    try:
        parameters = json.loads(comment_of(data))["mutoscope"].items()
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        yield invocation.text("cli_verify_no_parameters")
        return
    yield invocation.text("cli_verify_parameters")
    for name, value in parameters:
        yield f"  {printable(name)}: {printable(json.dumps(value, ensure_ascii=False))}"
