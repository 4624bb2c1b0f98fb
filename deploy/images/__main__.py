"""Builds the images, runs them against a local Discord, and ends when they have made clips.

Builds with Docker where its engine answers, otherwise with buildah and debootstrap, as root.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path

from deploy.images.buildah import Buildah
from deploy.images.container_stack import USER_HEADER, ContainerStack, UnhealthyContainer
from deploy.images.container_tool import BuildFailed, ContainerTool, ToolMissing, succeeds
from deploy.images.docker import Docker
from deploy.images.image import BOT, CPU_WORKER, WEB
from deploy.images.page_clip import PageFailed, clip_of_page
from deploy.images.pip_settings import read_pip_settings
from deploy.local.clip_messages import MessagePrinter
from deploy.local.demo import PICTURE, PROMPT, DemoFailed, order_clip
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.child_process import ProcessExited
from deploy.local.stack.redis_server import RedisStartError
from storage.tasks import first_completed

NO_TOOL = 3
"""The exit status where nothing here can build images."""


def find_tool(folder: Path) -> ContainerTool:
    """Return Docker where its engine answers, otherwise buildah; raise ToolMissing."""
    pip = read_pip_settings()
    return Docker(pip) if succeeds("docker", "info") else Buildah(folder, pip)


async def make_clip(tool: ContainerTool, folder: Path) -> None:
    """Run the built images, order a clip and check what the images promise."""
    printer = MessagePrinter(sys.stdout)
    async with ContainerStack(folder, tool) as stack:
        await stack.start_all()
        printer.print(f"Logs: {stack.logs}")
        await first_completed(_order_and_check(stack, printer), stack.wait_for_exit())
        await stack.check_without_discord()
        printer.print("Without Discord the bot's health check fails.")
    stack.check_written_files()
    printer.print("Nothing was written but to the volume and /tmp.")


async def _order_and_check(stack: ContainerStack, printer: MessagePrinter) -> None:
    async with MemberClient(stack.page) as member:
        await order_clip(member, PICTURE, PROMPT, printer, stack.folder)
    page = await stack.start_web()
    headers = {USER_HEADER: "ada"}
    clip = await asyncio.to_thread(clip_of_page, page, headers, PICTURE, PROMPT)
    printer.print(f"A clip of {len(clip)} bytes was made at the page.")
    await stack.check_health()
    printer.print("All containers are healthy.")


def main(arguments: list[str] | None = None) -> int:
    """Build, run and check; return the exit status."""
    parser = argparse.ArgumentParser(prog="make images", description=__doc__)
    parser.add_argument(
        *("--home",), type=Path, default=Path("var/images"), help="folder of images and logs"
    )
    home = parser.parse_args(arguments).home
    home.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(find_tool(home)) as tool:
            for image in (BOT, WEB, CPU_WORKER):
                tool.build(image)
            folder = Path(tempfile.mkdtemp(prefix="run-", dir=home))
            asyncio.run(make_clip(tool, folder))
    except ToolMissing as error:
        print(error)
        return NO_TOOL
    except (
        *(BuildFailed, DemoFailed, PageFailed, UnhealthyContainer),
        *(ProcessExited, RedisStartError, TimeoutError),
    ) as error:
        print(f"\nThe images do not work: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
