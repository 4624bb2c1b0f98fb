"""A member of the local Discord as Python sees one: for demos and tests."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from io import BytesIO
from typing import Any, Self

import aiohttp

from deploy.local.discord import Json
from deploy.local.discord.state.guild import ADA, STUDIO

LONG = aiohttp.ClientTimeout(total=None)


class MemberError(Exception):
    """The local Discord refused what the member wanted."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status}: {body.get('message')}")
        self.status, self.body = status, body


class Member:
    """Someone at the keyboard: uploads, commands, clicks, modals, reactions, and events."""

    def __init__(self, url: str, *, person: str = ADA, channel: str = STUDIO) -> None:
        self.url, self.person, self.channel = url, person, channel
        self._session = aiohttp.ClientSession(base_url=url, timeout=LONG)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """One request to the member API, as this person; MemberError when refused."""
        query.setdefault("member", self.person)
        found: Json = await self._ask(method, path, json=body, params=query)
        return found

    async def _ask(self, method: str, path: str, **rest: Any) -> Any:
        async with self._session.request(method, path, **rest) as answer:
            return await _checked(answer)

    async def state(self) -> Json:
        """Guild, channels, people, and whether the bot is online."""
        return await self.call("GET", "/local/state")

    async def messages(self) -> list[Json]:
        """Everything in the channel, oldest first."""
        path, query = f"/local/channels/{self.channel}/messages", {"member": self.person}
        found: list[Json] = await self._ask("GET", path, params=query)
        return found

    async def commands(self) -> list[Json]:
        """The commands that can be used in the channel."""
        query = {"member": self.person, "channel": self.channel}
        found: list[Json] = await self._ask("GET", "/local/commands", params=query)
        return found

    async def wait_for_command(self, name: str) -> Json:
        """Wait until the bot is online and has registered a command."""
        async with aclosing(self.events(after=0)) as events:
            async for event in events:
                if event["type"] in ("COMMANDS", "BOT", "HELLO"):
                    online = (await self.state())["bot"]["online"]
                    for command in await self.commands() if online else []:
                        if command["name"] == name:
                            return command
        raise ConnectionError("the local Discord went away")

    async def upload(self, name: str, data: bytes) -> str:
        """Put a file up; gives its id for an option, a field or a message."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("files[0]", BytesIO(data), filename=name)
        query = {"member": self.person}
        kept: list[Json] = await self._ask("POST", "/local/attachments", data=form, params=query)
        return str(kept[0]["id"])

    async def command(self, name: str, /, **options: object) -> Json:
        """Use a slash command; gives how it was answered (`kind`, `message`, `seconds`)."""
        return await self._act("command", channel=self.channel, name=name, options=options)

    async def message_command(self, name: str, message: str) -> Json:
        """Use a command of a message's context menu."""
        return await self._act("message_command", channel=self.channel, name=name, message=message)

    async def press(self, message: str, custom_id: str, *values: str) -> Json:
        """Press a button, or choose values in a select."""
        return await self._act(
            "component", message=message, custom_id=custom_id, values=list(values)
        )

    async def submit(self, interaction: str, values: Mapping[str, object]) -> Json:
        """Fill the modal that an interaction opened; fields left out keep what they hold."""
        return await self._act("modal", interaction=interaction, values=dict(values))

    async def _act(self, kind: str, **wish: object) -> Json:
        body = {"type": kind, "member": self.person, **wish}
        return await self.call("POST", "/local/interactions", body, wait="1")

    async def say(self, content: str, *uploads: str) -> Json:
        """Post a message."""
        body = {"member": self.person, "content": content, "attachments": list(uploads)}
        return await self.call("POST", f"/local/channels/{self.channel}/messages", body)

    async def react(self, message: str, emoji: str) -> None:
        """Put a reaction under a message."""
        await self.call("PUT", f"/local/messages/{message}/reactions/{emoji}")

    async def message(self, key: str) -> Json:
        """One message as it stands now."""
        return await self.call("GET", f"/local/messages/{key}")

    async def events(self, *, after: int | None = None) -> AsyncGenerator[Json, None]:
        """What happens, from now on or from an event's number (0: all that is remembered).

        The first is `HELLO`, so that one who waits for it misses nothing that follows.
        """
        query = {"member": self.person} | ({} if after is None else {"after": str(after)})
        async with self._session.get("/local/events", params=query) as answer:
            yield {"type": "HELLO", "channel": None, "data": {}}
            async for line in answer.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    async def watch(self, key: str, done: Callable[[Json], bool]) -> Json:
        """Wait until a message is as wanted, and give it."""
        async with aclosing(self.events()) as events:
            async for event in events:
                if event["type"] == "HELLO":
                    message = await self.message(key)
                elif event["type"].startswith("MESSAGE_") and event["data"].get("id") == key:
                    message = event["data"]
                else:
                    continue
                if done(message):
                    return message
        raise ConnectionError("the local Discord went away")

    async def download(self, attachment: Json) -> bytes:
        """The bytes of an attachment."""
        async with self._session.get(attachment["url"]) as answer:
            return await answer.read()


async def _checked(answer: aiohttp.ClientResponse) -> Any:
    if answer.status == 204:
        return {}
    body = await answer.json()
    if answer.status >= 400:
        raise MemberError(answer.status, body)
    return body
