"""/forget-me asks first, then nothing of the person is left."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import text

from deploy.local.clip_messages import buttons_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.state.guild import ADA
from storage.database.connect import open_database
from storage.domain.privacy.anonymous import ANONYMOUS
from storage.domain.trust.audit import AuditEntry
from tests.storage.styles.test_adapter_file import file_of
from tests.support.backend import Backend, png, until
from tests.support.discord.local_chat import LocalChat
from tests.support.privacy.traces import in_files, in_redis, in_tables, logged

PROMPT = "quixotic lighthouse, zoom in"


async def asked(member: MemberClient) -> Json:
    """Use /forget-me; return the question with its button."""
    outcome = await member.command("forget-me")
    return await member.wait_for_message(outcome["message"], buttons_of)


async def forgotten(member: MemberClient) -> None:
    """Confirm, and wait until it is done."""
    question = await asked(member)
    await member.press(question["id"], buttons_of(question)["forget-me"])
    await member.wait_for_message(question["id"], lambda one: "✅" in one["content"])


async def sums(backend: Backend) -> tuple[dict[str, int], int]:
    """Return how many clips each owner has by the sums, and the credits of the whole ledger."""
    engine = await open_database(backend.settings.database_url)
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT owner, done FROM owners"))
        found = {owner: int(done) for owner, done in rows}
        paid = await connection.scalar(text("SELECT sum(credits) FROM ledger"))
    await engine.dispose()
    return found, int(paid or 0)


async def test_nothing_of_a_person_is_left(chat: LocalChat) -> None:
    backend, key = chat.backend, sha256(png()).hexdigest()
    words = [ADA.encode(), b"quixotic", key.encode(), b"oil_paint"]
    entry = AuditEntry("7", ADA, "delete", ADA, {"why": PROMPT, "who": [ADA]})
    await backend.jobs.audit.record(entry, 1.0)
    await backend.jobs.audit.record(AuditEntry("7", "9", "note", "x", {"of": ADA}), 1.0)
    with logged() as log:
        file = await chat.ada.upload("Oil Paint.safetensors", file_of())
        await chat.ada.command("styles", file=file)
        message = await chat.order(prompt=PROMPT)
        await chat.deliver()
        backend.worker.gate.clear()
        async with backend.running():
            running = await chat.order(prompt=PROMPT, seed=5, style="oil_paint")
            await until(lambda: len(backend.worker.orders) == 2)
            waiting = await chat.order(prompt=PROMPT, seed=6)
            assert in_redis(backend.settings.redis_url, words)
            question = await asked(chat.ada)
            assert "orders with their prompts, pictures and clips: 3" in question["content"]
            assert "unfinished, which are cancelled and refunded: 2" in question["content"]
            assert "styles: 1" in question["content"]
            assert await in_tables(backend.settings, words)
            await forgotten(chat.ada)
            for one in (message, running, waiting):
                await chat.ada.wait_until_deleted(one)
            await until(lambda: not in_redis(backend.settings.redis_url, words))
        await until(lambda: not in_files(backend.settings.mutoscope_home / "blobs", [b""]))
        await backend.jobs.privacy.drop_history()
    assert await in_tables(backend.settings, words) == []
    databases = backend.settings.mutoscope_home.glob("mutoscope.db*")
    assert [(f.name, w) for f in databases for w in words if w in f.read_bytes()] == []
    assert [word for word in words if word.decode() in log.getvalue()] == []
    assert (await sums(backend))[0].keys() == {ANONYMOUS}


async def test_what_others_ordered_from_it_stays_without_the_name(
    chat: LocalChat, lin: MemberClient
) -> None:
    await chat.order(prompt=PROMPT)
    await chat.deliver()
    [clip] = await chat.clips()
    lin.channel = chat.ada.channel
    again = await lin.press(clip["id"], buttons_of(clip)["again"])
    await lin.wait_for_message(again["message"], buttons_of)
    await forgotten(chat.ada)
    await chat.ada.wait_until_deleted(clip["id"])
    await chat.deliver(2)
    [theirs] = await chat.clips()
    assert theirs["id"] == again["message"]
    assert await chat.backend.blobs.has(sha256(png()).hexdigest())
    assert await in_tables(chat.backend.settings, [ADA.encode()]) == []


async def test_the_sums_stay_without_a_name(chat: LocalChat) -> None:
    await chat.order()
    await chat.deliver()
    _, paid = await sums(chat.backend)
    assert paid > 0
    await forgotten(chat.ada)
    assert await sums(chat.backend) == ({ANONYMOUS: 1}, paid)
