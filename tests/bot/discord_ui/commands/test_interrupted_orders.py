"""An order that was begun is placed, or its person is told that it was interrupted."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from discord import InteractionResponseType
from discord.http import MultipartParameters
from discord.webhook.async_ import AsyncWebhookAdapter

from bot.discord_ui.commands import interrupted_orders
from bot.discord_ui.commands.interrupted_orders import InterruptedOrders
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.options import Options
from bot.studio.orders.begun_orders import BegunOrders
from storage.domain.errors import JobGone
from storage.domain.job import ReplyTarget
from tests.support.backend import png, requester, until
from tests.support.discord.simulated_chat import Chat, ephemeral_texts, text_of

INTERRUPTED = "Your order was interrupted"


async def begun(chat: Chat) -> list[str]:
    """Return the ids of the begun orders."""
    return [order.id for order in await chat.backend.jobs.begun_orders.all("discord")]


async def test_a_begun_order_is_there_before_the_acknowledgement_and_gone_with_the_order(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    create: Any = AsyncWebhookAdapter.create_interaction_response

    async def look(adapter: Any, *args: Any, **options: Any) -> Any:
        seen.append(await begun(chat))
        return await create(adapter, *args, **options)

    monkeypatch.setattr(AsyncWebhookAdapter, "create_interaction_response", look)
    await chat.animate()
    assert [len(begun_orders) for begun_orders in seen] == [1]
    assert await begun(chat) == []
    assert len(await chat.backend.jobs.pending.all()) == 1


async def test_a_refused_order_leaves_no_begun_order(chat: Chat) -> None:
    result = await chat.animate(picture=("cat.png", b"no picture"))
    assert "not a picture" in ephemeral_texts(result)[0]
    assert await begun(chat) == []


async def test_an_acknowledgement_whose_reply_was_lost_counts(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    create: Any = AsyncWebhookAdapter.create_interaction_response

    async def lose_first(adapter: Any, *args: Any, **options: Any) -> Any:
        answer = await create(adapter, *args, **options)
        tries.append(answer)
        if len(tries) == 1:
            raise aiohttp.ServerDisconnectedError
        return answer

    monkeypatch.setattr(AsyncWebhookAdapter, "create_interaction_response", lose_first)
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
    assert chat.messages == [clip]


async def test_a_press_that_another_process_took_for_a_double_one_spares_the_clip(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    create: Any = AsyncWebhookAdapter.create_interaction_response

    async def be_second(adapter: Any, *args: Any, **options: Any) -> Any:
        deferred_update = {"type": InteractionResponseType.deferred_message_update.value}
        await create(
            adapter,
            *args,
            **{**options, "params": MultipartParameters(deferred_update, None, None)},
        )
        return await create(adapter, *args, **options)

    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        monkeypatch.setattr(AsyncWebhookAdapter, "create_interaction_response", be_second)
        await chat.click(clip, "again")
        second = await chat.wait_for_clip(2)
        await until(chat.backend.all_jobs_delivered)
    assert second.id != clip.id
    assert len(chat.clips()) == 2


async def test_an_order_that_outlasts_the_grace_is_told_in_words(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupted_orders, "GRACE", 0.05)
    blocked = asyncio.Event()

    async def wait(*_: Any, **__: Any) -> None:
        blocked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(chat.backend.jobs, "add", wait)
    order = asyncio.create_task(chat.animate())
    await blocked.wait()
    await InterruptedOrders(chat.env.bot, lambda: float(chat.env.now().timestamp())).finish()
    await order
    assert INTERRUPTED in text_of(chat.last_message)
    assert len(chat.messages) == 1
    assert await begun(chat) == []
    assert await chat.backend.jobs.pending.all() == []


async def test_an_order_whose_person_was_told_is_not_placed(chat: Chat) -> None:
    backend = chat.backend
    begun_orders = backend.studio.begun_orders
    await begun_orders.begin("1", "1", "en", ReplyTarget("test"))
    [begun_order] = await backend.jobs.begun_orders.all("test")
    assert await begun_orders.claim(begun_order)
    told = replace(requester(), begun_order="1")
    draft = await backend.studio.orders.draft(told, png(), Options("waves"))
    with pytest.raises(JobGone, match="order_interrupted"):
        await backend.studio.orders.place(told, [draft])
    assert await backend.jobs.pending.all() == []
    assert not await backend.blobs.has(draft.request.picture)


def other_process(chat: Chat) -> BegunOrders:
    """Return the begun orders as another bot at the same database has them."""
    return BegunOrders(chat.backend.jobs, chat.backend.blobs, KeyedLocks())


async def test_an_interaction_that_comes_twice_is_one_order(chat: Chat) -> None:
    begun_orders, other = chat.backend.studio.begun_orders, other_process(chat)
    assert await begun_orders.begin("1", "1", "en", ReplyTarget("discord"))
    assert not await begun_orders.begin("1", "1", "en", ReplyTarget("discord"))
    assert not await other.begin("1", "1", "en", ReplyTarget("discord"))
    await begun_orders.drop("1")
    assert not await begun_orders.begin("1", "1", "en", ReplyTarget("discord"))
    assert not await other.begin("1", "1", "en", ReplyTarget("discord"))
    assert await begun(chat) == []


async def test_what_was_begun_is_forgotten_when_its_token_is_dead(chat: Chat) -> None:
    begun_orders = chat.backend.studio.begun_orders
    await begun_orders.begin("ended", "1", "en", ReplyTarget("test"))
    await begun_orders.begin("open", "1", "en", ReplyTarget("test"))
    await begun_orders.drop("ended")
    for later, forgotten in ((800.0, False), (1000.0, True)):
        await chat.backend.studio.shown.drop_dead_tokens(time.time() + later)
        assert await begun_orders.begin("ended", "1", "en", ReplyTarget("test")) is forgotten
        assert not await begun_orders.begin("open", "1", "en", ReplyTarget("test"))


async def test_an_order_that_another_process_places_is_left_to_it(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, other = chat.backend.studio.begun_orders.begin, other_process(chat)

    async def begin_after_the_other(key: str, *args: Any) -> bool:
        assert await other.begin(key, *args)
        return await begin(key, *args)

    monkeypatch.setattr(chat.backend.studio.begun_orders, "begin", begin_after_the_other)
    await chat.animate()
    assert chat.messages == []
    assert len(await begun(chat)) == 1
    assert await chat.backend.jobs.pending.all() == []


async def test_uploads_of_an_order_that_never_came_leave_the_store(chat: Chat) -> None:
    backend = chat.backend
    key = await backend.blobs.put(png())
    await backend.studio.begun_orders.begin("1", "1", "en", ReplyTarget("test"))
    await backend.jobs.begun_orders.note("1", "", [key])
    await backend.studio.begun_orders.drop("1")
    assert not await backend.blobs.has(key)


async def test_a_picture_that_a_job_needs_stays(chat: Chat) -> None:
    backend = chat.backend
    await chat.animate()
    [job] = await backend.jobs.pending.all()
    await backend.studio.begun_orders.begin("1", "1", "en", ReplyTarget("test"))
    await backend.jobs.begun_orders.note("1", "", [job.request.picture])
    await backend.studio.begun_orders.drop("1")
    assert await backend.blobs.has(job.request.picture)


async def test_an_interrupted_reaction_is_told_by_one_reply(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
        await until(chat.backend.all_jobs_delivered)
    target = ReplyTarget(
        "discord", guild=str(chat.guild.id), channel=str(chat.channel.id), application="1"
    )
    studio = chat.backend.studio
    studio.begun_orders._clock = lambda: float(chat.env.now().timestamp())
    await studio.begun_orders.begin("a", str(chat.bob.id), "zh-CN", target, str(clip.id))
    found = await chat.backend.jobs.begun_orders.all("discord")
    teller = InterruptedOrders(chat.env.bot)
    await teller._tell(found[0])
    await teller.tell(found)
    assert "您的订单被中断了" in text_of(chat.last_message)
    assert chat.last_message.reference is not None
    assert len(chat.messages) == 2
    assert await begun(chat) == []


async def test_a_command_that_the_gateway_repeats_is_run_once(chat: Chat) -> None:
    tree = chat.env.bot.tree
    command: Any = SimpleNamespace(id=5)
    assert [await tree.interaction_check(command) for _ in range(3)] == [True, False, False]


async def test_an_order_that_another_process_refused_in_words_is_not_placed(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    create: Any = AsyncWebhookAdapter.create_interaction_response

    async def be_second(adapter: Any, *args: Any, **options: Any) -> Any:
        words = {"type": InteractionResponseType.channel_message.value, "data": {"content": "No."}}
        first = {**options, "params": MultipartParameters(words, None, None)}
        await create(adapter, *args, **first)
        return await create(adapter, *args, **options)

    monkeypatch.setattr(AsyncWebhookAdapter, "create_interaction_response", be_second)
    await chat.animate()
    assert [text_of(message) for message in chat.messages] == ["No."]
    assert await begun(chat) == []
    assert await chat.backend.jobs.pending.all() == []
