"""Details lead from a clip to its parent and to its children, as far as somebody may see them."""

from __future__ import annotations

from dataclasses import replace

from deploy.local.clip_messages import clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, LIN, STUDIO
from storage.domain.job import Job, ReplyTarget, Status
from tests.support.backend import until
from tests.support.discord.local_chat import LocalChat
from tests.support.examples import job

PARENT, CHILD, HIDDEN = "a" * 16, "b" * 16, "c" * 16


def texts_of(message: Json) -> dict[str, str]:
    """Return the fields of a message's embed by their titles."""
    [embed] = message["embeds"]
    return {field["name"]: field["value"] for field in embed.get("fields", [])}


def walks(message: Json) -> list[str]:
    """Return the ids of the jobs that a message leads to."""
    parts = [part for row in message["components"] for part in row["components"]]
    ids = [part["custom_id"].partition(":") for part in parts]
    return [job_id for kind, _, job_id in ids if kind == "lineage"]


async def add(chat: LocalChat, name: str, owner: str, parent: str, channel: str) -> Job:
    """Add a clip that was made from another one, without a message that shows it."""
    request = replace((await chat.backend.studio.job(parent)).request, seed=99, steps=9)
    clip = await chat.backend.worker.store_clip(request)
    place = ReplyTarget("discord", guild=GUILD if channel == GALLERY else "", channel=channel)
    child = replace(job(name, owner), request=request, parent=parent, cached=True, cost=0)
    child = replace(child, status=Status.DONE, clip=clip, ended=5.0, delivered=6.0)
    await chat.backend.jobs.add(replace(child, reply_to=place))
    return child


async def test_details_walk_to_the_parent_and_to_the_children(chat: LocalChat) -> None:
    message = await chat.order()
    await chat.deliver()
    made = await chat.backend.studio.shown.at("discord", STUDIO, message)
    assert made is not None
    retried = await chat.ada.press(message, f"again:{made.id}")
    await chat.deliver(2)
    retry = await chat.backend.studio.shown.at("discord", STUDIO, retried["message"])
    assert retry is not None
    details = await chat.ada.press(message, f"details:{made.id}")
    shown = await chat.ada.message(details["message"])
    assert walks(shown) == [retry.id]
    assert texts_of(shown)["Made of it, the newest first"].startswith("1. Retry · waves, zoom in")
    await chat.ada.press(shown["id"], f"lineage:{retry.id}")
    shown = await chat.ada.wait_for_message(shown["id"], lambda one: walks(one) == [made.id])
    assert "Retry · waves" in texts_of(shown)["Made from"]
    fetched = await chat.ada.press(shown["id"], f"fetch:{retry.id}")
    assert clip_of(await chat.ada.wait_for_message(fetched["message"], clip_of))
    await chat.ada.press(shown["id"], f"lineage:{made.id}")
    await chat.ada.wait_for_message(shown["id"], lambda one: walks(one) == [retry.id])
    assert chat.refusals() == []


async def test_relatives_that_somebody_may_not_see_are_neither_named_nor_walked_to(
    chat: LocalChat, lin: MemberClient
) -> None:
    message = await chat.order()
    await chat.deliver()
    made = await chat.backend.studio.shown.at("discord", STUDIO, message)
    assert made is not None
    await add(chat, CHILD, ADA, made.id, GALLERY)
    await add(chat, HIDDEN, ADA, made.id, chat.direct)
    lin.channel = STUDIO
    details = await lin.press(message, f"details:{made.id}")
    shown = await lin.message(details["message"])
    assert walks(shown) == [CHILD]
    await chat.ada.call(
        "PUT", f"/local/channels/{GALLERY}/overwrites/{LIN}", {"deny": Permission.VIEW_CHANNEL}
    )

    async def is_refused() -> bool:
        return any("没有这段动画" in one["content"] for one in await lin.messages())

    await lin.press(shown["id"], f"lineage:{CHILD}")
    await until(is_refused)
    assert walks(await lin.message(shown["id"])) == [CHILD]
    details = await lin.press(message, f"details:{made.id}")
    assert walks(await lin.message(details["message"])) == []
    details = await chat.ada.press(message, f"details:{made.id}")
    assert sorted(walks(await chat.ada.message(details["message"]))) == [CHILD, HIDDEN]
