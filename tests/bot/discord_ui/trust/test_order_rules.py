"""What a server has set holds for every kind of order, and the refusal says what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.discord_ui.rate_limiter import RateLimiter
from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, LIN, STUDIO
from storage.domain.trust.limits import Limits
from storage.domain.trust.policy import Ban, Maintenance, RoleAllowance, ServerPolicy
from tests.support.backend import png, until
from tests.support.discord.local_chat import LocalChat


async def set_policy(chat: LocalChat, guild: str = GUILD, **fields: object) -> None:
    """Replace what a server, or the service (an empty id), has set."""
    policy = ServerPolicy(**fields)  # type: ignore[arg-type]
    await chat.backend.studio.policies.change(guild, ADA, lambda _: policy)


async def refusals(chat: LocalChat, count: int) -> list[str]:
    """Wait until Ada was refused so often in her channel, and return what she was told."""
    found: list[str] = []

    async def are_there() -> bool:
        texts = [str(message["content"]) for message in await chat.posted()]
        found[:] = [text for text in texts if "⚠️ " in text]
        return len(found) >= count

    await until(are_there)
    assert len(found) == count
    return found


async def refused(chat: LocalChat, **options: object) -> str:
    """Let Ada order a clip in vain; return the last thing that she was told."""
    before = [one for one in await chat.posted() if "⚠️ " in str(one["content"])]
    picture = await chat.ada.upload("a.png", png())
    await chat.ada.command("animate", picture=picture, prompt="zoom in", **options)
    return (await refusals(chat, len(before) + 1))[-1]


async def test_every_kind_of_order_is_refused_to_who_is_banned(chat: LocalChat) -> None:
    ada, message = chat.ada, await chat.order()
    drafts = await chat.order(prompt="steam rises", candidates=2, parameters="choose: me")
    await chat.deliver(2)
    ordered = await chat.ordered()
    buttons, numbers = [buttons_of(await ada.message(one)) for one in (message, drafts)]
    await set_policy(chat, bans=(Ban(ADA, by=LIN, at=1.0, reason="spam"),))

    async def submitted(opened: Awaitable[Json], **values: object) -> None:
        form = await opened
        assert form["kind"] == "modal", form
        await ada.submit(form["interaction"], values)

    async def several() -> None:
        names = ("picture", "picture_2")
        pictures = {name: await ada.upload("a.png", png()) for name in names}
        await ada.command("animate", prompt="zoom in", **pictures)

    async def of_a_posted_picture() -> None:
        posted = await ada.post("look", await ada.upload("a.png", png()))
        opened = ada.message_command("Animate this picture", posted["id"])
        await submitted(opened, prompt="zoom in")

    async def story() -> None:
        picture = await ada.upload("a.png", png())
        await submitted(ada.command("story", picture=picture), prompt="zoom in\npan left")

    kinds: list[Callable[[], Awaitable[object]]] = [
        several,
        of_a_posted_picture,
        story,
        lambda: ada.command("imagine", prompt="a kite"),
        lambda: ada.press(message, buttons["again"]),
        lambda: submitted(ada.press(message, buttons["tweak"])),
        lambda: submitted(ada.press(message, buttons["extend"])),
        lambda: ada.press(message, buttons["finish"], "reverse"),
        lambda: ada.press(drafts, numbers["choose"]),
        lambda: submitted(ada.message_command("Reuse these settings", message)),
        lambda: ada.react(message, "🔁"),
    ]
    for count, order in enumerate(kinds, start=1):
        await order()
        told = (await refusals(chat, count))[-1]
        assert f"<@{LIN}> has turned that off for you, because: spam" in told
    assert await chat.ordered() == ordered
    assert await chat.backend.studio.begun_orders.left_over("discord") == []


async def test_a_clip_is_shown_only_where_one_of_its_prompt_may_be_ordered(
    chat: LocalChat,
) -> None:
    message = await chat.order()
    await chat.deliver()
    job = await chat.backend.studio.shown.at("discord", STUDIO, message)
    assert job is not None
    seen = await chat.ada.command("clip", clip=job.id)
    shown = await chat.ada.wait_for_message(seen["message"], buttons_of)
    button = buttons_of(shown)["show"]
    chat.client._presses = RateLimiter(0.0)  # these presses are not double ones
    cases: list[tuple[dict[str, object], str]] = [
        ({"channels": (GALLERY,)}, f"Please go to <#{GALLERY}>"),
        ({"bans": (Ban(ADA, by=LIN, at=1.0),)}, "turned that off for you"),
        ({"maintenance": Maintenance(1.0)}, "paused orders"),
        ({"words": ("waves",)}, "words that are not wanted here"),
    ]
    for count, (fields, told) in enumerate(cases, start=1):
        await set_policy(chat, **fields)  # type: ignore[arg-type]
        await chat.ada.press(shown["id"], button)
        assert told in (await refusals(chat, count))[-1]
    assert [one["id"] for one in await chat.clips()] == [message, shown["id"]]
    await set_policy(chat)
    posted = await chat.ada.press(shown["id"], button)
    assert await chat.ada.wait_for_message(posted["message"], clip_of)


async def test_a_ban_holds_in_its_server_alone_and_the_operators_everywhere(
    chat: LocalChat,
) -> None:
    await set_policy(chat, bans=(Ban(ADA, by=LIN, at=1.0),))
    assert "in this server" in await refused(chat)
    chat.ada.channel = chat.direct
    await chat.order()
    await set_policy(chat, "", bans=(Ban(ADA, by=LIN, at=1.0),))
    assert "who runs it" in await refused(chat)


async def test_maintenance_is_told_in_the_managers_words_and_spares_operators_their_own(
    chat: LocalChat,
) -> None:
    await set_policy(chat, maintenance=Maintenance(1.0, "back at noon"))
    assert "paused orders: back at noon" in await refused(chat)
    await set_policy(chat)
    await set_policy(chat, "", maintenance=Maintenance(1.0))
    assert "The bot is in maintenance" in await refused(chat)
    chat.backend.studio._operators = frozenset({ADA})
    await chat.order()


async def test_orders_are_taken_in_allowed_channels_their_threads_and_categories(
    chat: LocalChat,
) -> None:
    await set_policy(chat, channels=(GALLERY,))
    assert f"Please go to <#{GALLERY}>" in await refused(chat)
    chat.ada.channel = GALLERY
    await chat.order()
    await chat.open_thread()
    await chat.order()
    path = "/local/guilds/main/categories"
    category = (await chat.ada.call("POST", path, {"name": "clips"}))["id"]
    await set_policy(chat, channels=(category,))
    chat.ada.channel = STUDIO
    await refused(chat)
    await chat.change(f"channels/{STUDIO}", parent_id=category)
    await chat.order()


async def test_roles_decide_who_orders_and_how_much(chat: LocalChat) -> None:
    role = (await chat.ada.call("POST", "/local/guilds/main/roles", {"name": "fans"}))["id"]
    await set_policy(chat, roles=(role,))
    assert f"one of these roles: <@&{role}>" in await refused(chat)
    await chat.change(f"members/{ADA}", roles=[role])
    await chat.order()
    await set_policy(chat, allowances=(RoleAllowance(role, unfinished_jobs=1),))
    assert "1 clips in the works at once in this server" in await refused(chat)
    small = RoleAllowance(role, side=128, seconds=1.0)
    await set_policy(chat, allowances=(small,))
    assert "up to 128 pixels on the longer side" in await refused(chat)
    await set_policy(chat, allowances=(replace(small, side=4096),))
    assert "clips of up to 1 s" in await refused(chat)
    everybody = RoleAllowance(GUILD, credits_per_day=1)
    await set_policy(chat, allowances=(everybody,))
    assert "of the 1 that your roles give you in this server today" in await refused(chat)
    month = RoleAllowance(GUILD, credits_per_month=2)
    await set_policy(chat, allowances=(month,))
    assert "of the 2 that your roles give you in this server this month" in await refused(chat)
    chat.ada.channel = chat.direct
    await chat.order()


async def test_of_two_orders_at_once_the_servers_allowance_lets_one_in(chat: LocalChat) -> None:
    studio = chat.backend.studio
    limits = Limits(unfinished_jobs=1)
    await set_policy(chat, allowances=(RoleAllowance(GUILD, unfinished_jobs=1),))
    first, second = [await chat.ada.upload("a.png", png()) for _ in range(2)]
    for picture in (first, second):
        await chat.ada.command("animate", picture=picture, prompt="zoom in")
    await refusals(chat, 1)
    allowance = await chat.backend.jobs.sums.allowance(ADA, studio._clock(), GUILD, limits)
    assert allowance.server is not None
    assert allowance.server.unfinished == 1
