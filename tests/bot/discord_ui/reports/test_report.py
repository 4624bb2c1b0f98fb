"""/report shows a server's managers their server alone, and the operators the whole service."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace
from typing import Any

import discord
import pytest
from PIL import Image

from bot.studio.reports.chart import HEIGHT, WIDTH
from deploy.local.discord import Json
from deploy.local.discord.state.guild import ADA, GUILD
from storage.domain.clip import Failure
from storage.domain.cost.advice import RentalAdvice
from storage.domain.cost.bill import WorkerLife
from storage.domain.cost.offer import Tenure
from storage.domain.job import ReplyTarget
from storage.domain.quota import DAY
from tests.support.backend import Backend
from tests.support.discord.local_chat import LocalChat
from tests.support.discord.simulated_chat import Chat, ephemeral_texts, text_of, user_locale
from tests.support.examples import CLIP, job

ELSEWHERE = "99"
BOB = "123456789012345678"


async def make(
    backend: Backend, name: str, owner: str, guild: str, ago: float = 0.0, **clip: Any
) -> None:
    """Order a clip in a server and make it, half a minute later; nobody delivers it."""
    new = job(name, owner, time.time() - ago, cost=5)
    await backend.jobs.add(replace(new, reply_to=ReplyTarget("nowhere", guild)))
    await backend.jobs.dispatched(name, 1, new.created + 30.0)
    await backend.jobs.started(name, 1, new.created + 30.0)
    await backend.jobs.finish(name, replace(CLIP, seconds=20.0, **clip), new.created + 60.0)


async def fill(backend: Backend) -> None:
    """Let two people order here, and one elsewhere, who fails here too."""
    await make(backend, "a", ADA, GUILD)
    await make(backend, "b", BOB, GUILD, ago=2 * DAY)
    await make(backend, "c", BOB, GUILD)
    await make(backend, "d", BOB, ELSEWHERE)
    new = job("e", BOB, time.time())
    await backend.jobs.add(replace(new, reply_to=ReplyTarget("nowhere", GUILD)))
    await backend.jobs.finish("e", Failure("failed_out_of_memory"), time.time())


async def answered(chat: LocalChat, name: str, **options: object) -> Json:
    """Use a command as Ada; return the message that answers it."""
    outcome = await chat.ada.command(name, **options)
    return await chat.ada.wait_for_message(outcome["message"], lambda seen: seen["embeds"])


def fields(message: Json) -> dict[str, str]:
    return {field["name"]: field["value"] for field in message["embeds"][0]["fields"]}


async def table(chat: LocalChat, message: Json) -> list[dict[str, str]]:
    """Return the rows of the CSV file of a report."""
    [file] = [one for one in message["attachments"] if one["filename"].endswith(".csv")]
    data = await chat.ada.download(file)
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


async def test_a_manager_sees_their_server_alone(local_chat: LocalChat) -> None:
    await fill(local_chat.backend)
    message = await answered(local_chat, "report")
    assert message["flags"] & 64  # ephemeral
    assert message["embeds"][0]["title"] == "This server in the last 7 days"
    found = fields(message)
    assert found["Clips"] == "🟩 made: 3\n🟦 from the cache: 0\n🟥 failed: 1\n⬜ cancelled: 0"
    assert found["Credits"].startswith("🟦 spent: 15\n🟧 refunded: 5\n")
    assert found["People"] == f"<@{BOB}>: 2 clips · 10 credits\n<@{ADA}>: 1 clips · 5 credits"
    assert found["Models"] == "embedded: 3 clips · 15 credits"
    assert found["A clip took on average"] == "5 credits · 20 s of GPU time"
    assert found["From the order to the start"] == "half within 29 s, 95 % within 29 s"  # of 30 s
    assert found["Why clips failed"].startswith("1 × the clip does not fit into the worker's")
    assert not {"Servers", "Workers alive", "Bill", "Queues and workers"} & set(found)

    picture = await local_chat.ada.download(message["embeds"][0]["image"])
    image = Image.open(io.BytesIO(picture))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))

    rows = await table(local_chat, message)
    people = {row["key"]: row for row in rows if row["group"] == "person"}
    assert {key: (row["done"], row["credits"]) for key, row in people.items()} == {
        f"id:{BOB}": ("2", "10"),
        f"id:{ADA}": ("1", "5"),
    }
    assert len([row for row in rows if row["group"] == "day"]) == 7
    assert [row["key"] for row in rows if row["group"] == "failure"] == ["failed_out_of_memory"]
    assert float(rows[0]["waited_95"]) == pytest.approx(30, rel=0.1)
    assert ELSEWHERE not in {row["key"].removeprefix("id:") for row in rows}

    yesterday = fields(await answered(local_chat, "report", days=1))
    assert yesterday["Credits"].startswith("🟦 spent: 10\n")


async def test_the_whole_service_is_the_operators_alone(local_chat: LocalChat) -> None:
    studio, now = local_chat.backend.studio, time.time()
    await fill(local_chat.backend)
    await make(local_chat.backend, "w", BOB, "", worker="w")
    life = WorkerLife("a", "w", "", now, now + 20.0, now + 60.0, True)
    await local_chat.backend.jobs.lives.record(life, 0.0114)
    studio.reports.rental = lambda: RentalAdvice(7.5, 9.36, Tenure.FIXED)
    refused = await local_chat.ada.command("report", service=True)
    text = (await local_chat.ada.message(refused["message"]))["content"]
    assert "Only the operators" in text

    studio._operators = frozenset({ADA})
    message = await answered(local_chat, "report", service=True)
    assert message["embeds"][0]["title"] == "The whole service in the last 7 days"
    found = fields(message)
    assert found["Clips"].startswith("🟩 made: 5\n")
    here = local_chat.client.get_guild(int(GUILD))
    assert here is not None
    assert found["Servers"].split("\n") == [
        "outside of servers: 1 clips · 5 credits",
        f"{here.name}: 3 clips · 15 credits",
        f"`{ELSEWHERE}`: 1 clips · 5 credits",
    ]
    assert found["People"] == "2"
    assert found["Workers alive"] == "0"
    assert found["Bill"] == "1 workers, 60 s · $0.0114"
    assert "A fixed card is cheaper now: $9.36 a day" in found["How to rent"]
    rows = await table(local_chat, message)
    assert {row["name"] for row in rows if row["group"] == "server"} == {here.name, ""}
    assert not any(row["group"] == "person" for row in rows)


async def test_a_server_without_orders_has_a_report_without_a_picture(
    local_chat: LocalChat,
) -> None:
    message = await answered(local_chat, "report", days=90)
    assert list(fields(message)) == ["Clips", "Credits"]
    assert "image" not in message["embeds"][0]
    assert [one["filename"] for one in message["attachments"]] == ["usage-90-days.csv"]


async def test_whoever_may_use_the_command_must_manage_the_server(chat: Chat) -> None:
    """A server may give the command to others in its integrations' settings."""
    await make(chat.backend, "a", "1", str(chat.guild.id))
    commands = await chat.env.bot.tree.fetch_commands()
    [command] = [one for one in commands if one.name == "report"]
    chat.guild.set_command_permissions(command, {chat.alice: True})
    refused = await chat.alice.slash(chat.channel, "report")
    assert ephemeral_texts(refused) == ["⚠️ Only people who may manage this server see its report."]
    role = chat.guild.create_role("boss", permissions=discord.Permissions(manage_guild=True))
    carol = chat.guild.add_member(chat.env.create_user("carol"), roles=[role])
    result = await carol.slash(chat.channel, "report")
    assert result.ephemeral
    assert "🟩 made: 1" in text_of(result.response.message)
    with user_locale("zh-CN"):
        text = text_of((await carol.slash(chat.channel, "report")).response.message)
    assert "🟩 新生成: 1" in text
    assert "一半在" in text
    chat.backend.studio._operators = frozenset({str(chat.alice.id)})
    result = await chat.alice.slash(chat.channel, "report")
    assert "🟩 made: 1" in text_of(result.response.message)
