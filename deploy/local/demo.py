"""The whole service on this machine: a member animates a picture, and you may do the same.

Starts Redis' protocol server, a local Discord, the bot and a worker; orders one clip in the name
of a member and tells each step; stays up for you until Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

from deploy.local.clip_facts import measure
from deploy.local.clip_messages import Narrator, clip_of, is_over, words_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import Member
from deploy.local.stack.child_process import ChildDied
from deploy.local.stack.local_stack import Household
from deploy.local.stack.redis_server import RedisDidNotStart
from deploy.local.stack.stopping import until_told_to_stop

SAMPLES = Path(__file__).parent / "samples"
PICTURE = "astronaut.jpg"
PROMPT = "slowly zoom in on the face"
READY_SECONDS = 120.0
CLIP_SECONDS = 600.0

Outcome = TypeVar("Outcome")


class DemoFailed(Exception):
    """The clip did not come; the message says why."""


async def run(arguments: argparse.Namespace, narrator: Narrator) -> int:
    """Play the demo; return its exit status."""
    arguments.home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=arguments.home))
    told = asyncio.create_task(until_told_to_stop())
    try:
        async with Household(folder, os.environ) as household:
            play = _play(household, arguments, narrator)
            if await _unless(told, play) is None:
                narrator.say("Stopped before the clip was there.")
                return 130
            if not arguments.once:
                narrator.say("Ctrl-C stops everything.")
                await _unless(told, household.crew.until_one_dies())
                narrator.say("\nStopping.")
        return 0
    except (ChildDied, DemoFailed, RedisDidNotStart, TimeoutError) as error:
        narrator.say(f"\nThe demo failed: {error}\n\nAll logs: {folder / 'logs'}")
        return 1
    finally:
        told.cancel()


async def _play(household: Household, arguments: argparse.Namespace, narrator: Narrator) -> bool:
    """Start everything, order one clip, and tell what becomes of it."""
    narrator.say("Starting Redis, a local Discord, the bot and a worker …")
    household.start_redis()
    page = await household.start_discord(arguments.port)
    await household.start_bot()
    await household.start_worker()
    narrator.say(f"Logs: {household.logs}")
    async with Member(page) as member:
        dying = asyncio.create_task(household.crew.until_one_dies())
        try:
            await _unless(dying, _clip(member, arguments, narrator, household.folder))
        finally:
            dying.cancel()
            await asyncio.gather(dying, return_exceptions=True)
    narrator.say(f"page: {page}")
    return True


async def _clip(
    member: Member, arguments: argparse.Namespace, narrator: Narrator, folder: Path
) -> bool:
    await _within(READY_SECONDS, member.wait_for_command("animate"), "the bot to come online")
    picture = arguments.picture.read_bytes()
    narrator.say(f"\nAda, in #studio:  /animate {arguments.picture.name}  “{arguments.prompt}”")
    upload = await member.upload(arguments.picture.name, picture)
    answer = await member.command("animate", picture=upload, prompt=arguments.prompt)
    if answer["kind"] != "deferred":
        raise DemoFailed(f"the bot answered: {await _reason(member, answer)}")
    narrator.say(f"  answered after {answer['seconds'] * 1000:.0f} ms")
    message = await follow(member, answer["message"], narrator)
    attachment = clip_of(message)
    if attachment is None:
        latest = (await member.messages())[-1]
        raise DemoFailed(f"the bot says: {words_of(latest)}")
    path = folder / attachment["filename"]
    path.write_bytes(await member.download(attachment))
    narrator.say(f"\n{measure(path, picture)}")
    narrator.say(f"clip: {path}")
    return True


async def follow(member: Member, key: str, narrator: Narrator) -> Json:
    """Tell every state of a message until its clip has come or never will; return the last."""

    def shown(message: Json) -> bool:
        narrator.show(message)
        return is_over(message)

    return await _within(CLIP_SECONDS, member.watch(key, shown), "the clip")


async def _within(seconds: float, work: Coroutine[None, None, Outcome], what: str) -> Outcome:
    try:
        return await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise DemoFailed(f"waited {seconds:.0f} s in vain for {what}") from None


async def _reason(member: Member, answer: Json) -> str:
    if not answer.get("message"):
        return str(answer.get("reason", answer["kind"]))
    return words_of(await member.message(answer["message"]))


async def _unless(
    signal: asyncio.Task[None], work: Coroutine[None, None, Outcome]
) -> Outcome | None:
    """Return what the work gives; None if the signal came first, whose error is raised."""
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait((signal, working), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        signal.result()
        return None
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _read(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    add = parser.add_argument
    add("--once", action="store_true", help="end after the first clip")
    add("--port", type=int, default=0, help="the page's port (default: any free one)")
    add("--picture", type=Path, default=SAMPLES / PICTURE, help="what the member animates")
    add("--prompt", default=PROMPT)
    add("--home", type=Path, default=Path("var/demo"), help="folder of databases, logs and clips")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Run the demo."""
    return asyncio.run(run(_read(words), Narrator(sys.stdout)))


if __name__ == "__main__":
    sys.exit(main())
