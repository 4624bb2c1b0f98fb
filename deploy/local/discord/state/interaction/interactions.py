"""Interactions: what members did, each to be answered once and within 3 seconds."""

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
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.document_store import Collection, DocumentStore
from deploy.local.discord.state.events import EventDispatcher
from deploy.local.discord.state.guild import BOT, GUILD, Guild, is_installed, public_guild
from deploy.local.discord.state.messages import MessageStore
from deploy.local.discord.state.snowflakes import Snowflakes

ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 900.0
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
FAILED: Json = {"kind": "failed", "reason": "The application did not respond"}


@dataclass(frozen=True)
class NewInteraction:
    """What a member does: the type of interaction, its data, and where.

    message is the one whose component was used; cause the interaction that opened the modal;
    installs are the integration types of the command (0: for a guild, 1: for a user).
    """

    type: int
    data: Json
    member: str
    channel: str
    message: str | None = None
    cause: str | None = None
    installs: tuple[int, ...] = (0, 1)


class InteractionStore:
    """Creates interactions, enforces their deadlines, and keeps their outcomes.

    A record holds the fields of NewInteraction and `id`, `token`, `created` (unix seconds),
    `outcome`, `original` (the id of the first response), `loading` (it is deferred), `hidden`
    (it is ephemeral), `owners` (who installed the app, by integration type), `forced` (every
    response is ephemeral), `limit` (the most bytes of a file) and `follow_ups` (their number).
    """

    def __init__(
        self,
        guild: Guild,
        events: EventDispatcher,
        messages: MessageStore,
        ids: Snowflakes,
        store: DocumentStore,
    ) -> None:
        self._guild, self._events, self._messages = guild, events, messages
        self._ids, self._clock = ids, ids.clock
        self._records = Collection(store, "interaction")
        self._by_token = {entry["token"]: entry["id"] for entry in self._records}
        self._waiters: dict[str, asyncio.Future[Json]] = {}
        ids.clock.on_advance(self._fail_overdue)

    def create(self, new: NewInteraction) -> Json:
        """Send an interaction to the bot and start its 3 seconds; return its record."""
        self._forget_old()
        key = self._ids.next()
        channel = self._guild.channel(new.channel)
        owners = self._owners(new, channel)
        record: Json = {
            "id": key,
            "token": secrets.token_urlsafe(48),
            **vars(new),
            "created": self._clock.now(),
            "outcome": None,
            "original": None,
            "loading": False,
            "hidden": False,
            "owners": owners,
            "forced": self._is_forced(new, channel, owners),
            "limit": self._guild.upload_limit(channel, new.member),
            "follow_ups": 0,
        }
        self._records.put(key, record)
        self._by_token[record["token"]] = key
        loop = asyncio.get_running_loop()
        self._waiters[key] = loop.create_future()
        loop.call_later(ANSWER_SECONDS + 0.005, self._fail_overdue)
        self._events.dispatch("INTERACTION_CREATE", self._payload(record))
        return record

    def _owners(self, new: NewInteraction, channel: Json) -> dict[str, str]:
        """Return who authorized the app here, by integration type."""
        guild = self._guild.of_channel(channel)
        if guild is None:
            return {"0": "0"}
        owners = {"0": str(guild["id"])} if is_installed(guild) and 0 in new.installs else {}
        if self._guild.member_record(new.member).get("user_install") and 1 in new.installs:
            owners["1"] = new.member
        return owners

    def _is_forced(self, new: NewInteraction, channel: Json, owners: dict[str, str]) -> bool:
        """Tell whether only this member may see the responses of an app that they installed."""
        allowed = self._guild.permissions(new.member, channel)
        return "0" not in owners and not allowed & Permission.USE_EXTERNAL_APPS

    def _payload(self, record: Json) -> Json:
        channel = self._guild.channel(record["channel"])
        member = self._guild.member_record(record["member"])
        body: Json = {
            "id": record["id"],
            "application_id": BOT,
            "type": record["type"],
            "token": record["token"],
            "version": 1,
            "data": record["data"],
            "channel_id": channel["id"],
            "channel": channel,
            "locale": member["locale"],
            "app_permissions": str(self._guild.app_permissions(channel)),
            "entitlements": [],
            "attachment_size_limit": record["limit"],
            "authorizing_integration_owners": record["owners"],
        }
        guild = self._guild.of_channel(channel)
        if guild is None:
            body |= {"context": 1, "user": member["user"]}
        else:
            body |= self._in_guild(record, channel, public_guild(guild))
        if record["message"]:
            clicked = self._messages.record(record["message"])
            body["message"] = self._messages.view(clicked, BOT)
        return body

    def _in_guild(self, record: Json, channel: Json, guild: Json) -> Json:
        permissions = str(self._guild.permissions(record["member"], channel))
        locale = guild["preferred_locale"]
        return {
            "context": 0,
            "guild_id": guild["id"],
            "guild": {"id": guild["id"], "locale": locale, "features": guild["features"]},
            "guild_locale": locale,
            "member": {**self._guild.member(record["member"]), "permissions": permissions},
            "channel": {**channel, "permissions": permissions},
        }

    def metadata(self, record: Json) -> Json:
        """Return the `interaction_metadata` of a message that answers an interaction."""
        body: Json = {
            "id": record["id"],
            "type": record["type"],
            "user": self._guild.user(record["member"]),
            "authorizing_integration_owners": record.get("owners") or {"0": GUILD},
        }
        if record["type"] == COMPONENT:
            body["interacted_message_id"] = record["message"]
        if record["type"] == COMMAND and "target_id" in record["data"]:
            body["target_message_id"] = record["data"]["target_id"]
        cause = self._records.get(record["cause"] or "")
        if cause:
            body["triggering_interaction_metadata"] = self.metadata(cause)
        return body

    def get(self, key: str) -> Json:
        """Return the interaction of this id."""
        return self._records.find(key, UNKNOWN_INTERACTION)

    def by_callback(self, key: str, token: str) -> Json:
        """Return the interaction of this id and token, unless it missed its 3 seconds."""
        record = self.get(key)
        if record["token"] != token:
            raise ApiError(*UNKNOWN_INTERACTION)
        overdue = self._clock.now() - record["created"] > ANSWER_SECONDS
        if record["outcome"] == FAILED or (overdue and record["outcome"] is None):
            self._fail_overdue()
            raise ApiError(*UNKNOWN_INTERACTION)
        return record

    def by_webhook(self, application: str, token: str) -> Json:
        """Return the answered interaction of this token, valid for 15 minutes."""
        key = self._by_token.get(token)
        record = self._records.get(key) if key else None
        if record is None or application != BOT or record["outcome"] in (None, FAILED):
            raise ApiError(*UNKNOWN_WEBHOOK)
        if self._clock.now() - record["created"] > TOKEN_SECONDS:
            raise ApiError(*INVALID_WEBHOOK_TOKEN)
        return record

    def settle(self, record: Json, outcome: Json) -> None:
        """Store how the bot answered, and send it to the member's client."""
        seconds = round(self._clock.now() - record["created"], 4)
        record["outcome"] = outcome
        self.save(record)
        data = {**outcome, "interaction": record["id"], "seconds": seconds}
        member = record["member"]
        self._events.publish("INTERACTION", data, channel=record["channel"], member=member)
        waiter = self._waiters.pop(record["id"], None)
        if waiter and not waiter.done():
            waiter.set_result(data)

    def save(self, record: Json) -> None:
        """Store a record after a change."""
        self._records.put(record["id"], record)

    async def outcome(self, key: str) -> Json:
        """Wait for the answer; a missed deadline is the outcome `failed`."""
        waiter = self._waiters.get(key)
        if waiter is not None:
            return await asyncio.shield(waiter)
        return {**(self.get(key)["outcome"] or FAILED), "interaction": key}

    def _fail_overdue(self) -> None:
        for key in list(self._waiters):
            record = self._records[key]
            if self._clock.now() - record["created"] > ANSWER_SECONDS:
                self.settle(record, FAILED)

    def _forget_old(self) -> None:
        for record in self._records:
            if self._clock.now() - record["created"] < 2 * TOKEN_SECONDS:
                break
            self._records.delete(record["id"])
            self._by_token.pop(record["token"], None)
