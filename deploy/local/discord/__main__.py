"""Run the local Discord until Ctrl-C or SIGTERM."""

import argparse
import asyncio
from pathlib import Path

from deploy.local.discord.server import LocalDiscord
from deploy.local.stack.waiting import wait_for_stop_signal


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.discord", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--state", type=Path, default=Path("var/discord"), help="a folder")
    parser.add_argument("--token", default="local", help="the bot's token")
    parser.add_argument("--record", type=Path, help="file that logs every exchange and event")
    asyncio.run(_serve(parser.parse_args()))


async def _serve(arguments: argparse.Namespace) -> None:
    server = LocalDiscord(
        arguments.state, port=arguments.port, token=arguments.token, wire_log=arguments.record
    )
    stop = asyncio.create_task(wait_for_stop_signal())
    async with server:
        print(f"local Discord: {server.url}", flush=True)
        await stop


if __name__ == "__main__":
    main()
