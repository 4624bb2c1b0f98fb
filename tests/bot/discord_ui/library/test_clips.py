"""/clips lists a person's clips page by page, finds them by prompt, and shows them again."""

from __future__ import annotations

from dataclasses import replace

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, STUDIO
from storage.database.library.clip_library import PAGE
from storage.domain.job import Job, ReplyTarget, Status
from tests.support.backend import until
from tests.support.discord.api_conformance import read_wire_log
from tests.support.discord.local_chat import LocalChat
from tests.support.examples import REQUEST, job

PLACE = ReplyTarget("discord", guild=GUILD, channel=STUDIO)


async def add_clips(chat: LocalChat, count: int, prompt: str = "zoom in", start: int = 0) -> None:
    """Add clips of Ada's that were delivered long ago, numbered by their ends."""
    for number in range(start, start + count):
        request = replace(REQUEST, prompt=f"{prompt} {number}", seed=number)
        done = replace(job(f"{number:016x}", ADA), request=request, cached=True, cost=0)
        clip = await chat.backend.worker.store_clip(request)
        done = replace(done, status=Status.DONE, clip=clip, reply_to=PLACE)
        done = replace(done, ended=1000.0 + number, delivered=1.0)
        await chat.backend.jobs.add(done)


async def listed(chat: LocalChat, **options: str) -> Json:
    """Use /clips; return its message once it lists something."""
    outcome = await chat.ada.command("clips", **options)
    return await chat.ada.wait_for_message(outcome["message"], lambda one: one["content"])


async def turn(chat: LocalChat, message: Json, way: str) -> Json:
    """Press Previous (<) or Next (>); return the message once it has changed."""
    [button] = [one for one in ids_of(message) if one.startswith(f"page:{way}:")]
    await chat.ada.press(message["id"], button)
    return await chat.ada.wait_for_message(
        message["id"], lambda one: one["content"] != message["content"]
    )


def ids_of(message: Json) -> list[str]:
    return [part["custom_id"] for row in message["components"] for part in row["components"]]


def fetched_jobs(message: Json) -> list[str]:
    return [one.partition(":")[2] for one in ids_of(message) if one.startswith("fetch:")]


def ways(message: Json) -> str:
    return "".join(one[5] for one in ids_of(message) if one.startswith("page:"))


async def the_job(chat: LocalChat) -> Job:
    [message] = await chat.clips()
    found = await chat.backend.studio.shown.at("discord", STUDIO, message["id"])
    assert found is not None
    return found


async def test_pages_are_turned_there_and_back_also_by_a_new_process(chat: LocalChat) -> None:
    await add_clips(chat, PAGE + 2)
    first = await listed(chat)
    names = [f"{number:016x}" for number in range(PAGE + 1, -1, -1)]
    assert (fetched_jobs(first), ways(first)) == (names[:PAGE], ">")
    second = await turn(chat, first, ">")
    assert (fetched_jobs(second), ways(second)) == (names[PAGE:], "<")
    assert fetched_jobs(await turn(chat, second, "<")) == names[:PAGE]
    found = await listed(chat, search="IN 1")
    assert fetched_jobs(found) == [names[0], names[1], names[-2]]
    assert "With “IN 1” in the prompt" in found["content"]
    assert "No clip of yours has “zebra”" in (await listed(chat, search="zebra"))["content"]
    assert chat.refusals() == []


async def test_a_list_of_long_prompts_fits_and_formats_nothing(chat: LocalChat) -> None:
    await add_clips(chat, PAGE, prompt="*`_~|>#[]()" * 20)
    content = (await listed(chat))["content"]
    assert len(content) <= 2000
    assert content.count("\n") >= PAGE
    assert chat.refusals() == []


async def test_what_waits_stays_on_top_of_each_page_and_is_not_listed_twice(
    chat: LocalChat,
) -> None:
    await add_clips(chat, PAGE + 1)
    await chat.order()
    await chat.forbid(Permission.VIEW_CHANNEL)
    await chat.change(f"members/{ADA}", takes_direct=False)
    async with chat.backend.running():
        await until(lambda: chat_waits(chat))
    [waiting] = await chat.backend.studio.deliveries.fetchable(ADA)
    first = await listed(chat)
    assert fetched_jobs(first)[0] == waiting.id
    assert fetched_jobs(first).count(waiting.id) == 1
    assert fetched_jobs(await turn(chat, first, ">")) == [waiting.id, f"{0:016x}"]


async def chat_waits(chat: LocalChat) -> bool:
    return await chat.waiting_in_clips() == 1


async def test_a_clip_is_shown_again_elsewhere_for_all_without_an_order_or_a_charge(
    chat: LocalChat,
) -> None:
    await chat.order()
    await chat.deliver()
    made = await the_job(chat)
    before = await chat.backend.studio.reports.of_person(ADA)
    chat.ada.channel = GALLERY
    shown = await chat.fetch_from_clips()
    assert list(buttons_of(shown)) == ["again", "tweak", "details", "show", "delete", "finish"]
    posted = await chat.ada.press(shown["id"], f"show:{made.id}")
    message = await chat.ada.wait_for_message(posted["message"], clip_of)
    assert message["channel_id"] == GALLERY
    assert not message["flags"]
    assert list(buttons_of(message)) == ["again", "tweak", "extend", "details", "delete", "finish"]
    attachment = clip_of(message)
    assert attachment is not None
    assert made.clip is not None
    assert await chat.ada.download(attachment) == await chat.backend.studio.shown.clip_file(
        made.clip
    )
    after = await chat.backend.studio.reports.of_person(ADA)
    assert (after.counts, after.credits) == (before.counts, before.credits)
    assert len(chat.backend.worker.orders) == 1
    assert chat.refusals() == []


async def test_a_clip_is_not_shown_where_nothing_may_be_posted_or_it_is_too_large(
    chat: LocalChat,
) -> None:
    await add_clips(chat, 1)
    shown = await chat.fetch_from_clips()
    [show] = [one for one in ids_of(shown) if one.startswith("show:")]
    await chat.forbid(Permission.ATTACH_FILES)
    refused = await chat.ada.press(shown["id"], show)
    assert "Attach Files" in (await chat.ada.message(refused["message"]))["content"]
    await chat.forbid(0)
    large = await chat.backend.studio.job(show.partition(":")[2])
    assert large.clip is not None
    huge = replace(large, id="a" * 16, clip=replace(large.clip, bytes=2**30), ended=9e8)
    await chat.backend.jobs.add(huge)
    outcome = await chat.ada.press((await listed(chat))["id"], f"fetch:{huge.id}")
    shown = await chat.ada.wait_for_message(outcome["message"], clip_of)
    refused = await chat.ada.press(shown["id"], f"show:{huge.id}")
    assert "1024.0 MB" in (await chat.ada.message(refused["message"]))["content"]


async def test_a_delete_from_the_list_removes_the_message_too(chat: LocalChat) -> None:
    first = await chat.order()
    await chat.deliver()
    made = await the_job(chat)
    shown = await chat.fetch_from_clips()
    await chat.ada.press(shown["id"], f"delete:{made.id}")
    await chat.ada.wait_until_deleted(first)
    assert await chat.clips() == []
    assert "no clip of yours" in (await listed(chat))["content"]


async def test_who_moderates_another_server_deletes_the_copy_there_alone(
    chat: LocalChat, lin: MemberClient
) -> None:
    await chat.order()
    await chat.deliver()
    made = await the_job(chat)
    other = await chat.ada.call("POST", "/local/guilds", {"name": "other", "owner": lin.user_id})
    chat.ada.channel = lin.channel = other["channel"]
    await until(lambda: chat.client.get_guild(int(other["id"])) is not None)
    shown = await chat.fetch_from_clips()
    posted = await chat.ada.press(shown["id"], f"show:{made.id}")
    await chat.ada.wait_for_message(posted["message"], clip_of)
    await lin.press(posted["message"], f"delete:{made.id}")
    await lin.wait_until_deleted(posted["message"])
    assert await chat.backend.studio.job(made.id) == made


async def test_the_buttons_and_the_command_are_as_discord_describes_them(chat: LocalChat) -> None:
    await add_clips(chat, 2 * PAGE + 1)
    second = await turn(chat, await listed(chat), ">")
    assert ways(second) == "<>"
    sent = [entry for entry in read_wire_log(chat.wire) if entry["kind"] == "exchange"]
    assert all(entry["status"] < 400 for entry in sent)
    assert max(map(len, ids_of(await listed(chat, search="界" * 36)) or [""])) <= 100
