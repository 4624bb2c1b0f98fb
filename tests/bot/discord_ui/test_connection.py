"""The bot waits for a Discord that is away, and ends in one line where waiting cannot help."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket

from bot.discord_ui import command_sync, connection
from bot.discord_ui.connection import (
    REFUSALS,
    DiscordConnection,
    DiscordRefused,
    FrequentHeartbeat,
)
from bot.i18n import Translations
from bot.settings import BotSettings
from bot.studio.options import Options
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import GUILD
from storage.domain.job import Status
from tests.support.backend import Backend, png, requester, until

FOUND_SECONDS = 15.0  # in which a Discord that is back is to be found


@pytest.fixture(autouse=True)
async def _own_discord_py(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Restore what the connection sets in discord.py, and let its last events be handled."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    for name in ("ExponentialBackoff", "DiscordWebSocket", "Shard"):
        monkeypatch.setattr(discord.shard, name, vars(discord.shard)[name])
    monkeypatch.setattr(discord.gateway, "KeepAliveHandler", discord.gateway.KeepAliveHandler)
    monkeypatch.setattr(command_sync, "GUILD_PAUSE", 0.0)
    yield
    await asyncio.sleep(0.01)


@pytest.fixture
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bot try again ten times as soon as it does."""
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(connection, name, getattr(connection, name) / 10)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(tmp_path / "discord") as opened:
        yield opened


def connect(api: str, gateway: str, **environ: str) -> DiscordConnection:
    settings = BotSettings.from_environment(
        {
            "DISCORD_TOKEN": "local",
            "DISCORD_API_URL": api,
            "DISCORD_GATEWAY_URL": gateway,
            **environ,
        }
    )
    return DiscordConnection(Translations.load(), settings)


@contextlib.asynccontextmanager
async def running(link: DiscordConnection, backend: Backend) -> AsyncIterator[None]:
    task = asyncio.create_task(link.run(backend.studio))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def fail(server: LocalDiscord, path: str, status: int, times: int) -> None:
    body = {"path": path, "status": status, "times": times}
    url = f"{server.url}/local/faults"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        assert answer.status == 204


def is_ready(link: DiscordConnection) -> bool:
    return link.ready


def commands(server: LocalDiscord, guild: str | None) -> list[Json]:
    return server._state.commands.registered(guild)


@pytest.mark.usefixtures("_short_pauses")
async def test_jobs_go_on_while_the_login_fails(
    server: LocalDiscord, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    await fail(server, "/users/@me", 503, 1000)
    link = connect(server.api_url, server.gateway_url)

    async def is_done() -> bool:
        return (await backend.jobs.get(job.id)).status is Status.DONE

    async with running(link, backend), backend.running():
        job = await backend.studio.orders.submit(requester(), png(), Options("a", seed=1))
        await until(is_done)
        assert not link.ready
        await until(lambda: "Discord is away" in caplog.text)
        server._middleware.faults.clear()
        await until(lambda: link.ready)
    assert caplog.text.count("Discord is away") == 1
    assert "Traceback" not in caplog.text


@pytest.mark.usefixtures("_short_pauses")
async def test_an_unreachable_discord_is_waited_for(
    tmp_path: Path, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    async with LocalDiscord(tmp_path / "first") as first:
        port = yarl.URL(first.url).port or 0
    link = connect(first.api_url, first.gateway_url)
    async with running(link, backend):
        await until(lambda: "Discord is away" in caplog.text)
        async with LocalDiscord(tmp_path / "first", port=port):
            await until(lambda: link.ready)


@pytest.mark.usefixtures("_short_pauses")
async def test_a_gateway_that_is_back_is_found_soon(
    tmp_path: Path, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "discord"
    async with LocalDiscord(folder) as first:
        port, link = yarl.URL(first.url).port or 0, connect(first.api_url, first.gateway_url)
        work = running(link, backend)
        await work.__aenter__()
        await until(lambda: link.ready)
    await until(lambda: not link.ready)
    await until(lambda: caplog.text.count("Attempting a reconnect") >= 4)
    async with LocalDiscord(folder, port=port):
        await until(lambda: link.ready)
        await work.__aexit__(None, None, None)
    assert "Traceback" not in caplog.text


@pytest.mark.usefixtures("_short_pauses")
async def test_a_gateway_that_never_answers_is_given_up_and_tried_again(
    server: LocalDiscord, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ATTEMPT_SECONDS", 1.0)
    tries = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(accept, "127.0.0.1", 0)
    gateway = f"ws://127.0.0.1:{silent.sockets[0].getsockname()[1]}/"
    async with running(connect(server.api_url, gateway), backend):
        await until(lambda: tries >= 2)
    silent.close()


def test_an_attempt_and_a_pause_take_less_than_what_finding_discord_may_take() -> None:
    assert connection.ATTEMPT_SECONDS + connection.LONGEST_PAUSE < FOUND_SECONDS
    assert connection.SILENCE_SECONDS + connection.LONGEST_PAUSE < FOUND_SECONDS
    assert connection.SILENCE_SECONDS > 2 * connection.HEARTBEAT_SECONDS
    assert connection.FIRST_PAUSE <= connection.LONGEST_PAUSE


@pytest.mark.usefixtures("_short_pauses")
async def test_a_silent_gateway_is_left_and_a_quiet_one_is_not(
    server: LocalDiscord, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 60.0)
    answered = count_calls(monkeypatch, FrequentHeartbeat, "ack")
    link = connect(server.api_url, server.gateway_url)
    async with running(link, backend), MemberClient(server.url) as member:
        await until(lambda: link.ready)
        [quiet] = server._endpoint._open
        await until(lambda: len(answered) >= 5)  # the gateway's own interval is 41 s
        assert set(server._endpoint._open) == {quiet}
        monkeypatch.setattr(connection, "SILENCE_SECONDS", 1.0)
        before = len(answered)
        await until(lambda: len(answered) > before + 1)  # what is awaited now has 1 s

        def is_any_silent() -> bool:
            return any(one._silent for one in server._endpoint._open)

        async def silence() -> bool:
            await member.call("POST", "/local/gateway/silence")
            return is_any_silent()

        await until(silence)  # again where a stall has it left before, or at once
        await until(lambda: not is_any_silent())
        await until(lambda: server._gateway.online and link.ready)


def count_calls(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> list[None]:
    """Return what grows by one with each call of a method."""
    calls, method = list[None](), getattr(owner, name)

    def counted(*arguments: Any) -> Any:
        calls.append(None)
        return method(*arguments)

    monkeypatch.setattr(owner, name, counted)
    return calls


@contextlib.asynccontextmanager
async def gateway_closing_with(code: int) -> AsyncIterator[str]:
    """Serve a gateway that ends every session with this code."""

    async def close(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(
            {"op": 10, "d": {"heartbeat_interval": 41_250}, "s": None, "t": None}
        )
        await socket.receive()
        await socket.close(code=code)
        return socket

    app = web.Application()
    app.router.add_get("/", close)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_running_bot_that_discord_refuses_ends_in_one_line(
    server: LocalDiscord, backend: Backend
) -> None:
    link = connect(server.api_url, server.gateway_url)
    task = asyncio.create_task(link.run(backend.studio))
    await until(lambda: link.ready)
    async with MemberClient(server.url) as member:
        await member.call("PATCH", "/local/world", {"token": "reset"})
    with pytest.raises(DiscordRefused, match="code 4004") as caught:
        await asyncio.wait_for(task, 60)
    assert "\n" not in str(caught.value)


async def test_a_running_bot_takes_more_shards_when_discord_wants_them(
    server: LocalDiscord, backend: Backend
) -> None:
    link = connect(server.api_url, server.gateway_url)
    world = {"sharding_required": True, "shards": 3, "max_concurrency": 3}
    async with running(link, backend), MemberClient(server.url) as member:
        await until(lambda: link.ready)
        await member.call("PATCH", "/local/world", world)
        await until(lambda: not link.ready)
        await until(lambda: link.ready)
        sessions = server._gateway._sessions.values()
        served = sorted(one.shard.number for one in sessions if one.connected)
        assert served == [0, 1, 2]
        await until(lambda: set(link.traffic.shard_latencies()) == {0, 1, 2})


async def test_a_bot_is_ready_only_while_all_its_shards_are(
    server: LocalDiscord, backend: Backend
) -> None:
    link = connect(server.api_url, server.gateway_url)
    async with MemberClient(server.url) as member:
        await member.call("PATCH", "/local/world", {"shards": 2, "max_concurrency": 2})
        async with running(link, backend):
            await until(lambda: link.ready)
            sessions = {*server._gateway._sessions}
            server._state.world.gateway_closed = True
            one, other = server._endpoint._open
            await one.drop(4000)
            await until(lambda: not link.ready)
            assert server._endpoint._open == {other}
            server._state.world.gateway_closed = False
            await until(lambda: link.ready)
            assert {*server._gateway._sessions} == sessions  # it was resumed: no event is lost


@pytest.mark.parametrize("code", [*(set(REFUSALS) - {4004}), 4010, 4011, 4012])
async def test_a_gateway_closed_for_good_ends_in_one_line(
    code: int, server: LocalDiscord, backend: Backend
) -> None:
    async with gateway_closing_with(code) as gateway:
        with pytest.raises(DiscordRefused, match=f"code {code}") as caught:
            await connect(server.api_url, gateway).run(backend.studio)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "line"),
    [({"DISCORD_TOKEN": "wrong"}, "DISCORD_TOKEN"), ({"DISCORD_GUILD": "5"}, "DISCORD_GUILD=5: ")],
)
async def test_a_wrong_setting_ends_in_one_line(
    environ: dict[str, str], line: str, server: LocalDiscord, backend: Backend
) -> None:
    with pytest.raises(DiscordRefused, match=line) as caught:
        await connect(server.api_url, server.gateway_url, **environ).run(backend.studio)
    assert "\n" not in str(caught.value)


async def test_no_command_is_ever_there_twice(
    server: LocalDiscord, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for guild in ("", GUILD, GUILD, "", ""):
        link = connect(server.api_url, server.gateway_url, DISCORD_GUILD=guild)
        async with running(link, backend):
            await until(partial(is_ready, link))
            await until(_synced(server, guild))
    assert caplog.text.count("synced 0 commands") == 2
    assert caplog.text.count("for all servers") == 3
    assert caplog.text.count(f"for server {GUILD}") == 2


def _synced(server: LocalDiscord, guild: str) -> Callable[[], bool]:
    here, elsewhere = (GUILD, None) if guild else (None, GUILD)
    return lambda: len(commands(server, here)) > 3 and not commands(server, elsewhere)


async def test_unchanged_commands_are_not_written_again(
    server: LocalDiscord, backend: Backend
) -> None:
    first = connect(server.api_url, server.gateway_url)
    async with running(first, backend):
        await until(lambda: first.ready)
        await until(_synced(server, ""))
    versions = {command["version"] for command in commands(server, None)}
    link = connect(server.api_url, server.gateway_url)
    async with running(link, backend):
        await until(lambda: link.ready)
        assert link._client is not None
        await command_sync.sync_commands(link._client, 0)
        assert {command["version"] for command in commands(server, None)} == versions
        changed = {**commands(server, None)[0], "description": "another"}
        server._state.commands.create(changed, None)
        await command_sync.sync_commands(link._client, 0)
        assert "another" not in [command["description"] for command in commands(server, None)]


@pytest.mark.parametrize("status", [400, 403, 500, 503])
async def test_a_failed_sync_does_not_end_the_start(
    status: int, server: LocalDiscord, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_sync, "FIRST_PAUSE", 0.1)
    await fail(server, "/commands$", status, 1)
    link = connect(server.api_url, server.gateway_url)
    async with running(link, backend):
        await until(lambda: link.ready)
        if status >= 500:
            await until(_synced(server, ""))
