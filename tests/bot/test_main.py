"""`python -m bot` as a process: what ends it, and with which status."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from deploy.local.discord.server import LocalDiscord
from deploy.local.stack.child_process import ChildProcess, python
from tests.support.stores.postgres_server import PostgresServer


async def test_a_database_that_refuses_the_bot_ends_it_with_status_2(
    tmp_path: Path, redis_url: str, postgres: PostgresServer
) -> None:
    settings = {
        "DISCORD_TOKEN": "local",
        "MUTOSCOPE_HOME": str(tmp_path),
        "REDIS_URL": redis_url,
        "DATABASE_URL": postgres.url("postgres", "guest:geheim"),
    }
    log = tmp_path / "bot.log"
    bot = await ChildProcess.start("bot", python("bot"), os.environ | settings, log)
    assert await asyncio.wait_for(bot.process.wait(), 60) == 2
    [line] = log.read_text().splitlines()
    assert "PostgreSQL refuses the user or the password" in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"DISCORD_GUILD": "5"}, "DISCORD_GUILD=5: the bot is in no such server"),
        ({"DISCORD_TOKEN": "wrong"}, "Discord refuses DISCORD_TOKEN"),
    ],
)
async def test_what_waiting_cannot_mend_ends_in_one_line_with_status_2(
    environ: dict[str, str], line: str, tmp_path: Path, redis_url: str
) -> None:
    async with LocalDiscord(tmp_path / "discord") as server:
        settings = {
            "DISCORD_TOKEN": "local",
            "DISCORD_API_URL": server.api_url,
            "DISCORD_GATEWAY_URL": server.gateway_url,
            "MUTOSCOPE_HOME": str(tmp_path),
            "REDIS_URL": redis_url,
        }
        log = tmp_path / "bot.log"
        bot = await ChildProcess.start("bot", python("bot"), os.environ | settings | environ, log)
        assert await asyncio.wait_for(bot.process.wait(), 60) == 2
    last = log.read_text().splitlines()[-1]
    assert line in last
    assert "Traceback" not in log.read_text()
