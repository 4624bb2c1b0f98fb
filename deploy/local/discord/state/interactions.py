"""Interactions: what a member did, and the one answer in time that the bot owes for it."""

import asyncio
import secrets
from dataclasses import dataclass

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_WEBHOOK,
    ApiError,
)
from deploy.local.discord.state.document_store import Drawer, Shelf
from deploy.local.discord.state.event_bus import Hub
from deploy.local.discord.state.guild import BOT, GUILD, World
from deploy.local.discord.state.messages import Messages
from deploy.local.discord.state.snowflakes import Snowflakes

ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 900.0
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
FAILED: Json = {"kind": "failed", "reason": "The application did not respond"}


@dataclass(frozen=True)
class Act:
    """What a member does: the kind of interaction, its data, and where."""

    type: int
    data: Json
    member: str
    channel: str
    message: str | None = None
    cause: str | None = None


class Interactions:
    """Makes interactions, keeps their deadlines, and remembers their answers."""

    def __init__(
        self,
        world: World,
        hub: Hub,
        messages: Messages,
        ids: Snowflakes,
        shelf: Shelf,
    ) -> None:
        self._world, self._hub, self._messages = world, hub, messages
        self._ids, self._clock = ids, ids.clock
        self._records = Drawer(shelf, "interaction")
        self._by_token = {entry["token"]: entry["id"] for entry in self._records}
        self._waiters: dict[str, asyncio.Future[Json]] = {}
        ids.clock.on_advance(self._sweep)

    def begin(self, act: Act) -> Json:
        """Send an interaction to the bot and start its 3 seconds."""
        self._forget_old()
        key = self._ids.next()
        record: Json = {
            "id": key,
            "token": secrets.token_urlsafe(48),
            "type": act.type,
            "member": act.member,
            "channel": act.channel,
            "message": act.message,
            "cause": act.cause,
            "data": act.data,
            "created": self._clock.now(),
            "outcome": None,
            "original": None,
            "loading": False,
            "hidden": False,
        }
        self._records.put(key, record)
        self._by_token[record["token"]] = key
        loop = asyncio.get_running_loop()
        self._waiters[key] = loop.create_future()
        loop.call_later(ANSWER_SECONDS + 0.005, self._sweep)
        self._hub.tell_bot("INTERACTION_CREATE", self._payload(record))
        return record

    def _payload(self, record: Json) -> Json:
        channel = self._world.channel(record["channel"])
        person = self._world.member(record["member"])
        body: Json = {
            "id": record["id"],
            "application_id": BOT,
            "type": record["type"],
            "token": record["token"],
            "version": 1,
            "data": record["data"],
            "channel_id": channel["id"],
            "channel": channel,
            "locale": person["locale"],
            "app_permissions": str(self._world.permissions(BOT, channel)),
            "entitlements": [],
            "attachment_size_limit": self._world.upload_limit,
        }
        if "guild_id" in channel:
            guild = self._world.guild
            allowed = str(self._world.permissions(record["member"], channel))
            body |= {
                "context": 0,
                "guild_id": GUILD,
                "guild": {
                    "id": GUILD,
                    "locale": guild["preferred_locale"],
                    "features": guild["features"],
                },
                "guild_locale": guild["preferred_locale"],
                "member": {
                    **self._world.shown_member(record["member"]),
                    "permissions": allowed,
                },
                "authorizing_integration_owners": {"0": GUILD},
                "channel": {**channel, "permissions": allowed},
            }
        else:
            body |= {
                "context": 1,
                "user": person["user"],
                "authorizing_integration_owners": {"0": "0"},
            }
        if record["message"]:
            clicked = self._messages.record(record["message"])
            body["message"] = self._messages.shown(clicked, BOT)
        return body

    def metadata(self, record: Json) -> Json:
        """What a message tells of the interaction that it answers."""
        body: Json = {
            "id": record["id"],
            "type": record["type"],
            "user": self._world.user(record["member"]),
            "authorizing_integration_owners": {"0": GUILD},
        }
        if record["type"] == COMPONENT:
            body["interacted_message_id"] = record["message"]
        if record["type"] == COMMAND and "target_id" in record["data"]:
            body["target_message_id"] = record["data"]["target_id"]
        cause = self._records.get(record["cause"] or "")
        if cause:
            body["triggering_interaction_metadata"] = self.metadata(cause)
        return body

    def unanswered(self, key: str, token: str) -> Json:
        """The interaction of this id and token, if its 3 seconds are not over."""
        record = self._records.get(key)
        if record is None or record["token"] != token:
            raise ApiError(*UNKNOWN_INTERACTION)
        late = self._clock.now() - record["created"] > ANSWER_SECONDS
        if record["outcome"] == FAILED or (late and record["outcome"] is None):
            self._sweep()
            raise ApiError(*UNKNOWN_INTERACTION)
        return record

    def by_token(self, application: str, token: str) -> Json:
        """The interaction whose token this is, if it was answered and its 15 minutes last."""
        key = self._by_token.get(token)
        record = self._records.get(key) if key else None
        if record is None or application != BOT or record["outcome"] in (None, FAILED):
            raise ApiError(*UNKNOWN_WEBHOOK)
        if self._clock.now() - record["created"] > TOKEN_SECONDS:
            raise ApiError(*INVALID_WEBHOOK_TOKEN)
        return record

    def settle(self, record: Json, outcome: Json) -> None:
        """Write how the bot answered, and let the member know."""
        seconds = round(self._clock.now() - record["created"], 4)
        record["outcome"] = outcome
        self._records.put(record["id"], record)
        told = {**outcome, "interaction": record["id"], "seconds": seconds}
        self._hub.tell_people("INTERACTION", told, channel=record["channel"], only=record["member"])
        waiter = self._waiters.pop(record["id"], None)
        if waiter and not waiter.done():
            waiter.set_result(told)

    def save(self, record: Json) -> None:
        """Write a record after a change."""
        self._records.put(record["id"], record)

    def find(self, key: str) -> Json:
        """The interaction of that id."""
        record = self._records.get(key)
        if record is None:
            raise ApiError(*UNKNOWN_INTERACTION)
        return record

    async def outcome(self, key: str) -> Json:
        """Wait for the answer; a missed deadline is the outcome `failed`."""
        waiter = self._waiters.get(key)
        if waiter is not None:
            return await asyncio.shield(waiter)
        record = self.find(key)
        return {**(record["outcome"] or FAILED), "interaction": key}

    def _sweep(self) -> None:
        for key in list(self._waiters):
            record = self._records[key]
            if self._clock.now() - record["created"] > ANSWER_SECONDS:
                self.settle(record, FAILED)

    def _forget_old(self) -> None:
        for record in self._records:
            if self._clock.now() - record["created"] < 2 * TOKEN_SECONDS:
                break
            self._records.drop(record["id"])
            self._by_token.pop(record["token"], None)
