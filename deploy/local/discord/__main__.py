"""Run the local Discord until it is told to stop."""

import argparse
import asyncio
import signal
from pathlib import Path

from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.wire_log import Journal


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.discord", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--state", type=Path, default=Path("var/discord"), help="a folder")
    parser.add_argument("--token", default="local", help="the bot's token")
    parser.add_argument("--record", type=Path, help="write all that goes over the wire here")
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    recorder = Journal(arguments.record) if arguments.record else None
    server = LocalDiscord(
        arguments.state, port=arguments.port, token=arguments.token, recorder=recorder
    )
    async with server:
        print(f"local Discord: {server.url}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    main()
