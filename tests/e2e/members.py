"""Members of the local Discord, and their orders."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.clip_messages import buttons_of, clip_of, is_final
from deploy.local.demo import PICTURE
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.waiting import poll
from tests.support.credentials.signing import valid_credentials

PHOTOGRAPH = PICTURE
PATIENCE = 240
"""Seconds after which a test gives up on anything, however slow the machine."""
QUICK: dict[str, Any] = {"steps": 2, "frames": 8}
"""Options of a clip that takes little time, for tests of everything but its looks."""
LONG: dict[str, Any] = {"steps": 200}
"""Options of a clip that is still in the making when a test acts on it."""


class NewMembers:
    """Adds members to the guild."""

    def __init__(self, page: str, stack: AsyncExitStack) -> None:
        self._page, self._stack = page, stack

    async def join(
        self, name: str = "Max", locale: str = "en-US", channel: str = ""
    ) -> MemberClient:
        """Return a new member with all of their quota."""
        ada = await self._stack.enter_async_context(MemberClient(self._page))
        body = {"name": name, "locale": locale}
        record = await ada.call("POST", "/local/members", body)
        user_id, place = record["user"]["id"], channel or ada.channel
        member = MemberClient(self._page, user_id=user_id, channel=place)
        return await self._stack.enter_async_context(member)


@dataclass(frozen=True)
class DeliveredClip:
    """A clip in the chat: its message and its bytes."""

    message: Json
    data: bytes

    @property
    def key(self) -> str:
        """The message's id."""
        return str(self.message["id"])

    @property
    def job(self) -> str:
        """The job's id, which the buttons contain."""
        return buttons_of(self.message)["again"].partition(":")[2]

    def save(self, folder: Path) -> Path:
        """Write the clip to a file in the folder."""
        path = folder / f"{self.job}.mp4"
        path.write_bytes(self.data)
        return path


async def order(
    member: MemberClient,
    picture: bytes,
    prompt: str = "zoom in",
    name: str = "a.jpg",
    **options: Any,
) -> str:
    """Order a clip; return the id of the message that will hold it."""
    upload = await member.upload(name, picture)
    answer = await member.command("animate", picture=upload, prompt=prompt, **options)
    assert answer["kind"] == "deferred", answer
    return str(answer["message"])


async def wait_for_clip(member: MemberClient, key: str) -> DeliveredClip:
    """Wait for the clip of a message, whose credentials must be valid."""
    message = await wait_for_end(member, key)
    attachment = clip_of(message)
    assert attachment is not None, message["content"]
    clip = DeliveredClip(message, await member.download(attachment))
    valid_credentials(clip.data)
    return clip


async def order_clip(member: MemberClient, **options: Any) -> DeliveredClip:
    """Order a quick clip of the photograph and wait for it."""
    key = await order(member, PHOTOGRAPH.read_bytes(), **QUICK | options)
    return await wait_for_clip(member, key)


async def wait_for_end(member: MemberClient, key: str) -> Json:
    """Wait until the job of a message has ended; return the message."""
    return await asyncio.wait_for(member.wait_for_message(key, is_final), PATIENCE)


async def wait_for_progress(member: MemberClient, key: str) -> Json:
    """Wait until a worker makes frames for a message; return the message."""
    message = await asyncio.wait_for(
        member.wait_for_message(key, lambda seen: "%" in seen["content"] or is_final(seen)),
        PATIENCE,
    )
    assert "%" in message["content"], "it ended before its progress was seen"
    return message


async def wait_for_new_messages(member: MemberClient, known: set[str], count: int = 1) -> list[str]:
    """Wait for `count` messages in the channel with ids that were not known."""

    async def find() -> list[str]:
        new = [one["id"] for one in await member.messages() if one["id"] not in known]
        return new if len(new) >= count else []

    return await poll(find, PATIENCE, f"{count} new messages")


async def wait_for_deletion(member: MemberClient, key: str) -> None:
    """Wait until a message is gone."""

    async def is_gone() -> bool:
        return key not in await message_ids(member)

    await poll(is_gone, PATIENCE, "the message to be deleted")


async def message_ids(member: MemberClient) -> set[str]:
    """Return the ids of the messages in the channel."""
    return {message["id"] for message in await member.messages()}
