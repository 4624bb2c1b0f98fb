"""The whole service on this machine: a member animates a picture, and you may do the same.

Starts a Redis protocol server, a local Discord, the bot and a worker; orders one clip in the name
of a member and prints each step; then runs until Ctrl-C.
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

from deploy.autoscale.controller import WorkerRun, WorkerScaler
from deploy.local.clip_facts import measure
from deploy.local.clip_messages import MessagePrinter, clip_of, is_final, status_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.child_process import ProcessExited
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.ports import free_port
from deploy.local.stack.redis_server import RedisStartError
from deploy.local.stack.waiting import wait_for_stop_signal
from storage.tasks import first_completed

SAMPLES = Path(__file__).parent / "samples"
PICTURE = SAMPLES / "astronaut.jpg"
PROMPT = "slowly zoom in on the face"
READY_SECONDS = 120.0
CLIP_SECONDS = 600.0

Result = TypeVar("Result")


class DemoFailed(Exception):
    """The clip did not come; the message says why."""


async def run(arguments: argparse.Namespace, printer: MessagePrinter) -> int:
    """Run the demo; return its exit status."""
    arguments.home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=arguments.home))
    stop, shown = asyncio.create_task(wait_for_stop_signal()), asyncio.Event()
    try:
        async with LocalStack(folder, os.environ) as stack:
            show = _on_demand if arguments.on_demand else _first_clip
            await first_completed(show(stack, arguments, printer, shown), asyncio.shield(stop))
            if not shown.is_set():
                printer.print("Stopped before the clip was there.")
                return 130
            if not arguments.once:
                if not stop.done():
                    printer.print("Ctrl-C stops everything.")
                    await first_completed(stack.wait_for_exit(), asyncio.shield(stop))
                printer.print("\nStopping.")
        return 0
    except (ProcessExited, DemoFailed, RedisStartError, TimeoutError) as error:
        printer.print(f"\nThe demo failed: {error}\n\nAll logs: {folder / 'logs'}")
        return 1
    finally:
        stop.cancel()


async def _first_clip(
    stack: LocalStack, arguments: argparse.Namespace, printer: MessagePrinter, shown: asyncio.Event
) -> None:
    """Start everything, order one clip, and print its progress and facts; set `shown` then."""
    printer.print("Starting Redis, a local Discord, the bot and a worker …")
    await stack.start_all(port=arguments.port)
    printer.print(f"Logs: {stack.logs}")
    async with MemberClient(stack.page) as member:
        order = order_clip(member, arguments.picture, arguments.prompt, printer, stack.folder)
        await first_completed(order, stack.wait_for_exit())
    printer.print(f"page: {stack.page}")
    shown.set()


async def _on_demand(
    stack: LocalStack, arguments: argparse.Namespace, printer: MessagePrinter, shown: asyncio.Event
) -> None:
    """Do the same without a worker, which comes with the order and ends when it is idle."""
    printer.print("Starting Redis, a local Discord and the bot; a worker comes with work …")
    stack.start_redis(stack.folder / "redis")
    await stack.start_discord(port=arguments.port)
    port = stack.environ["METRICS_PORT"] = str(free_port())
    stack.environ["MODELS_ON_DEMAND"] = stack.environ.get("MODEL", "").strip() or "embedded"
    await stack.start_bot()
    printer.print(f"Logs: {stack.logs}")

    def tell(run: WorkerRun) -> None:
        ended = f"has ended after {run.seconds:.1f} s" if run.ended else "is started"
        printer.print(f"  {run.name} {ended}")

    url = f"http://127.0.0.1:{port}/workers/wanted"
    scaler = WorkerScaler(url, stack.environ, stack.logs, poll_seconds=0.5, on_change=tell)

    async def show() -> None:
        async with MemberClient(stack.page) as member:
            await order_clip(member, arguments.picture, arguments.prompt, printer, stack.folder)
        printer.print("Nobody orders; the worker ends when another start would be cheaper.")
        await scaler.wait_until_none()
        billed = sum(run.seconds for run in scaler.runs)
        printer.print(f"billed: {billed:.1f} s of {len(scaler.runs)} worker(s); none runs now")
        printer.print(f"page: {stack.page}")
        shown.set()
        if not arguments.once:
            printer.print("Order there, and a worker comes. Ctrl-C stops everything.")
            await asyncio.Event().wait()

    await first_completed(show(), scaler.run(), stack.wait_for_exit())


async def order_clip(
    member: MemberClient, picture: Path, prompt: str, printer: MessagePrinter, folder: Path
) -> None:
    """Order a clip, print its progress and facts, and write it to the folder; or DemoFailed."""
    await _within(READY_SECONDS, member.wait_for_command("animate"), "the bot to come online")
    data = await asyncio.to_thread(picture.read_bytes)
    printer.print(f"\nAda, in #studio:  /animate {picture.name}  “{prompt}”")
    upload = await member.upload(picture.name, data)
    answer = await member.command("animate", picture=upload, prompt=prompt)
    if answer["kind"] != "deferred":
        raise DemoFailed(f"the bot answered: {await _reason(member, answer)}")
    printer.print(f"  answered after {answer['seconds'] * 1000:.0f} ms")

    def is_over(message: Json) -> bool:
        printer.update(message)
        return is_final(message)

    following = member.wait_for_message(answer["message"], is_over)
    attachment = clip_of(await _within(CLIP_SECONDS, following, "the clip"))
    if attachment is None:
        latest = (await member.messages())[-1]
        raise DemoFailed(f"the bot says: {status_of(latest)}")
    path = folder / attachment["filename"]
    path.write_bytes(await member.download(attachment))
    facts = measure(path, data)
    printer.print(f"\n{facts}")
    printer.print(f"content credentials: {facts.credentials}")
    printer.print(f"clip: {path}")


async def _within(seconds: float, work: Coroutine[None, None, Result], what: str) -> Result:
    try:
        return await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise DemoFailed(f"waited {seconds:.0f} s in vain for {what}") from None


async def _reason(member: MemberClient, answer: Json) -> str:
    if not answer.get("message"):
        return str(answer.get("reason", answer["kind"]))
    return status_of(await member.message(answer["message"]))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    add = parser.add_argument
    add("--once", action="store_true", help="end after the first clip")
    add("--on-demand", action="store_true", help="no worker but while there is work")
    add("--port", type=int, default=0, help="the page's port (default: any free one)")
    add("--picture", type=Path, default=PICTURE, help="what the member animates")
    add("--prompt", default=PROMPT)
    add("--home", type=Path, default=Path("var/demo"), help="folder of databases, logs and clips")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo."""
    return asyncio.run(run(_parse(arguments), MessagePrinter(sys.stdout)))


if __name__ == "__main__":
    sys.exit(main())
