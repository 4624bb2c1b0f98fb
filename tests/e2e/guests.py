"""People at the local Discord, and what they order there."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.clip_messages import buttons_of, clip_of, is_over
from deploy.local.demo import PICTURE, SAMPLES
from deploy.local.discord import Json
from deploy.local.discord.member.client import Member

PHOTOGRAPH = SAMPLES / PICTURE
PATIENCE = 120
"""Seconds after which a test gives up on anything, however slow the machine."""
QUICK: dict[str, Any] = {"steps": 2, "frames": 8}
"""Options of a clip that takes little time where its looks do not matter."""


class Guests:
    """Lets new members in and sees them out."""

    def __init__(self, page: str, stack: AsyncExitStack) -> None:
        self._page, self._stack = page, stack

    async def join(self, name: str = "Guest", locale: str = "en-US", channel: str = "") -> Member:
        """Return a new member, who has all their quota."""
        host = await self._stack.enter_async_context(Member(self._page))
        body = {"name": name, "locale": locale}
        record = await host.call("POST", "/local/members", body)
        where = channel or host.channel
        guest = Member(self._page, person=record["user"]["id"], channel=where)
        return await self._stack.enter_async_context(guest)


@dataclass(frozen=True)
class Delivered:
    """A clip as it lies in the chat: its message, its job, and its bytes."""

    message: Json
    data: bytes

    @property
    def key(self) -> str:
        """The message's id."""
        return str(self.message["id"])

    @property
    def job(self) -> str:
        """The job's id, which the buttons carry."""
        return buttons_of(self.message)["again"].partition(":")[2]

    def keep(self, folder: Path) -> Path:
        """Write the clip to a file of the folder."""
        path = folder / f"{self.job}.mp4"
        path.write_bytes(self.data)
        return path


async def order(
    guest: Member, picture: bytes, prompt: str = "zoom in", name: str = "a.jpg", **options: Any
) -> str:
    """Order a clip; return the key of the message that will hold it."""
    upload = await guest.upload(name, picture)
    answer = await guest.command("animate", picture=upload, prompt=prompt, **options)
    assert answer["kind"] == "deferred", answer
    return str(answer["message"])


async def delivered(guest: Member, key: str, seconds: float = PATIENCE) -> Delivered:
    """Wait for the clip of a message."""
    message = await asyncio.wait_for(guest.watch(key, is_over), seconds)
    attachment = clip_of(message)
    assert attachment is not None, message["content"]
    return Delivered(message, await guest.download(attachment))


async def running(guest: Member, key: str, seconds: float = PATIENCE) -> Json:
    """Wait until a worker makes frames for a message."""
    message = await asyncio.wait_for(
        guest.watch(key, lambda seen: "%" in seen["content"] or is_over(seen)), seconds
    )
    assert "%" in message["content"], "it was over before it could be seen at work"
    return message
