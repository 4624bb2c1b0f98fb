"""A client of the members' API: one member's view and actions, for demos and tests."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from io import BytesIO
from typing import Any, Self

import aiohttp

from deploy.local.discord import Json
from deploy.local.discord.state.guild import ADA, STUDIO

NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


class MemberApiError(Exception):
    """The members' API refused a request."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status}: {body.get('message')}")
        self.status, self.body = status, body


class MemberClient:
    """One member in one channel; methods that the API refuses raise MemberApiError."""

    def __init__(self, url: str, *, user_id: str = ADA, channel: str = STUDIO) -> None:
        self.url, self.user_id, self.channel = url, user_id, channel
        self._session = aiohttp.ClientSession(base_url=url, timeout=NO_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, body: Json | None = None, **query: str) -> Any:
        """Send one request as this member and return the answer's JSON ({} for 204)."""
        return await self._request(method, path, query, json=body)

    async def _request(self, method: str, path: str, query: Mapping[str, str], **body: Any) -> Any:
        params = {"member": self.user_id, **query}
        async with self._session.request(method, path, params=params, **body) as answer:
            if answer.status == 204:
                return {}
            found = await answer.json()
            if answer.status >= 400:
                raise MemberApiError(answer.status, found)
            return found

    async def state(self) -> Json:
        """Return guild, channels, members, and whether the bot is online."""
        state: Json = await self.call("GET", "/local/state")
        return state

    async def messages(self) -> list[Json]:
        """Return everything in the channel, oldest first."""
        found: list[Json] = await self.call("GET", f"/local/channels/{self.channel}/messages")
        return found

    async def message(self, key: str) -> Json:
        """Return one message as it is now."""
        message: Json = await self.call("GET", f"/local/messages/{key}")
        return message

    async def commands(self) -> list[Json]:
        """Return the commands that can be used in the channel."""
        found: list[Json] = await self.call("GET", "/local/commands", channel=self.channel)
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
        raise ConnectionError("the local Discord closed the connection")

    async def upload(self, name: str, data: bytes) -> str:
        """Upload a file; return its id for an option, a modal's field or a message."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("files[0]", BytesIO(data), filename=name)
        place = {"channel": self.channel}
        stored = await self._request("POST", "/local/attachments", place, data=form)
        return str(stored[0]["id"])

    async def command(self, name: str, /, **options: object) -> Json:
        """Use a slash command; return its outcome (`kind`, `message`, `seconds`)."""
        return await self._act("command", channel=self.channel, name=name, options=options)

    async def complete(self, name: str, focused: str, text: str = "") -> list[Json]:
        """Type into an option of a slash command; return the choices that the bot offers."""
        options = {"focused": focused, "options": {focused: text}}
        outcome = await self._act("autocomplete", channel=self.channel, name=name, **options)
        found: list[Json] = outcome["choices"]
        return found

    async def message_command(self, name: str, message: str) -> Json:
        """Use a command of a message's context menu."""
        return await self._act("message_command", channel=self.channel, name=name, message=message)

    async def press(self, message: str, custom_id: str, *values: str) -> Json:
        """Press a button, or choose values in a select."""
        return await self._act(
            "component", message=message, custom_id=custom_id, values=list(values)
        )

    async def submit(self, interaction: str, values: Mapping[str, object]) -> Json:
        """Submit the modal that an interaction opened; fields left out keep their defaults."""
        return await self._act("modal", interaction=interaction, values=dict(values))

    async def _act(self, kind: str, **fields: object) -> Json:
        body = {"type": kind, "member": self.user_id, **fields}
        outcome: Json = await self.call("POST", "/local/interactions", body, wait="1")
        return outcome

    async def post(self, content: str, *uploads: str, **fields: str) -> Json:
        """Post a message; fields are `forward` or `preview`."""
        body = {"member": self.user_id, "content": content, "attachments": list(uploads), **fields}
        path = f"/local/channels/{self.channel}/messages"
        message: Json = await self.call("POST", path, body)
        return message

    async def react(self, message: str, emoji: str) -> None:
        """Add a reaction to a message."""
        await self.call("PUT", f"/local/messages/{message}/reactions/{emoji}")

    async def events(self, *, after: int | None = None) -> AsyncGenerator[Json, None]:
        """Yield events from now on, or after an event's number (0: all that are kept).

        The first is `HELLO`: nothing that happens after it is missed.
        """
        query = {"member": self.user_id} | ({} if after is None else {"after": str(after)})
        async with self._session.get("/local/events", params=query) as answer:
            yield {"type": "HELLO", "channel": None, "data": {}}
            async for line in answer.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    async def wait_for_message(self, key: str, done: Callable[[Json], object]) -> Json:
        """Wait until `done` holds for a message, and return the message."""
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
        raise ConnectionError("the local Discord closed the connection")

    async def wait_until_deleted(self, key: str) -> None:
        """Wait until a message is gone."""
        async with aclosing(self.events()) as events:
            async for event in events:
                if event["type"] == "HELLO":
                    with suppress(MemberApiError):
                        await self.message(key)
                        continue
                    return
                if event["type"] == "MESSAGE_DELETE" and event["data"]["id"] == key:
                    return
        raise ConnectionError("the local Discord closed the connection")

    async def download(self, attachment: Json) -> bytes:
        """Return the bytes of an attachment."""
        async with self._session.get(attachment["url"]) as answer:
            return await answer.read()
