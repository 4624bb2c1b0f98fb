"""Messages: how one comes to be, changes, is reacted to and goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local.discord import Json
from deploy.local.discord.rules.components import walk
from deploy.local.discord.rules.errors import UNKNOWN_MESSAGE, ApiError, Invalid
from deploy.local.discord.rules.messages import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SETTABLE_FLAGS,
    check_message,
)
from deploy.local.discord.state.attachments import Files, Upload
from deploy.local.discord.state.document_store import Drawer, Shelf
from deploy.local.discord.state.event_bus import Hub
from deploy.local.discord.state.guild import BOT, GUILD, World
from deploy.local.discord.state.normalization import complete, complete_embeds, outside_embeds
from deploy.local.discord.state.snowflakes import Snowflakes, timestamp

NONCE_SECONDS = 300
MENTION = re.compile(r"<@!?(\d+)>")
DEFAULT, REPLY, COMMAND_REPLY, CONTEXT_REPLY = 0, 19, 20, 23


@dataclass(frozen=True)
class Draft:
    """What somebody wants to post or change, with its files by number."""

    payload: Json
    uploads: Mapping[int, Upload] = field(default_factory=dict)
    only: str | None = None
    extra: Json = field(default_factory=dict)


class Messages:
    """Every message of every channel, each change told to bot and people."""

    def __init__(self, world: World, hub: Hub, files: Files, ids: Snowflakes, shelf: Shelf) -> None:
        self._world, self._hub, self._files = world, hub, files
        self._ids, self._clock = ids, ids.clock
        self._records = Drawer(shelf, "message")

    def record(self, key: str, channel: str | None = None) -> Json:
        """A message with this stand-in's private fields."""
        found = self._records.get(key)
        if found is None or channel not in (None, found["message"]["channel_id"]):
            raise ApiError(*UNKNOWN_MESSAGE)
        return found

    def public(self, key: str, channel: str) -> Json:
        """A message that the channel shows to all; an ephemeral one is unknown there."""
        found = self.record(key, channel)
        if found["only"]:
            raise ApiError(*UNKNOWN_MESSAGE)
        return found

    def inside(self, channel: str, viewer: str | None) -> list[Json]:
        """The records of a channel that this viewer sees, oldest first."""
        return [
            entry
            for entry in self._records
            if entry["message"]["channel_id"] == channel and entry["only"] in (None, viewer)
        ]

    def post(self, author: str, channel: Json, draft: Draft) -> Json:
        """Post a message, or give back the one that an enforced nonce names already."""
        known = self._by_nonce(author, channel, draft.payload)
        if known:
            return known
        message = self._blank(author, channel, draft)
        message["flags"] |= (draft.payload.get("flags") or 0) & SETTABLE_FLAGS
        self._apply(message, draft)
        if not draft.extra.get("loading"):
            check_message(message)
        message = self._finish(message)
        record: Json = {"message": message, "only": draft.only, "reactors": {}}
        record["posted"] = self._clock.now()
        self._records.put(message["id"], record)
        channel["last_message_id"] = message["id"]
        self._announce("MESSAGE_CREATE", record)
        return record

    def _by_nonce(self, author: str, channel: Json, payload: Json) -> Json | None:
        nonce = payload.get("nonce")
        if nonce is None or not payload.get("enforce_nonce"):
            return None
        if len(str(nonce)) > 25:
            raise Invalid("nonce", "NONCE_TYPE_TOO_LONG", "Nonce too long.")
        for entry in self.inside(channel["id"], None):
            message = entry["message"]
            young = self._clock.now() - entry.get("posted", 0) < NONCE_SECONDS
            if young and message["author"]["id"] == author and message.get("nonce") == nonce:
                return entry
        return None

    def _blank(self, author: str, channel: Json, draft: Draft) -> Json:
        message: Json = {
            "id": self._ids.next(),
            "type": DEFAULT,
            "channel_id": channel["id"],
            "author": self._world.user(author),
            "content": "",
            "timestamp": timestamp(self._clock.now()),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "components": [],
            "pinned": False,
            "flags": 0,
        }
        if draft.payload.get("nonce") is not None:
            message["nonce"] = draft.payload["nonce"]
        reference = draft.payload.get("message_reference")
        if reference:
            message |= self._reply(reference, channel)
        return message | {k: v for k, v in draft.extra.items() if k != "loading"}

    def _reply(self, reference: Json, channel: Json) -> Json:
        target = str(reference["message_id"])
        if target not in self._records:
            if reference.get("fail_if_not_exists", True):
                raise Invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            return {}
        shown = {"type": 0, "channel_id": channel["id"], "message_id": target}
        if "guild_id" in channel:
            shown["guild_id"] = channel["guild_id"]
        return {"type": REPLY, "message_reference": shown}

    def edit(self, record: Json, draft: Draft, *, quiet: bool = False) -> Json:
        """Change a message; `quiet` where it only fills a promised answer."""
        message = {**record["message"]}
        message["flags"] &= ~LOADING
        message["flags"] |= (draft.payload.get("flags") or 0) & SETTABLE_FLAGS & ~EPHEMERAL
        self._apply(message, draft)
        check_message(message)
        if not quiet:
            message["edited_timestamp"] = timestamp(self._clock.now())
        record["message"] = self._finish(message)
        self._records.put(message["id"], record)
        self._announce("MESSAGE_UPDATE", record)
        return record

    def _apply(self, message: Json, draft: Draft) -> None:
        payload = draft.payload
        for name, empty in (("content", ""), ("embeds", []), ("components", [])):
            if name in payload:
                message[name] = payload[name] or empty
        if message["flags"] & COMPONENTS_V2 and "components" in payload:
            message["content"], message["embeds"] = payload.get("content") or "", []
        if "tts" in payload:
            message["tts"] = bool(payload["tts"])
        message["attachments"] = self._attach(draft, message)
        message["mentions"] = self._mentions(message, payload.get("allowed_mentions"))

    def _attach(self, draft: Draft, message: Json) -> list[Json]:
        existing = message["attachments"]
        listed = draft.payload.get("attachments")
        if listed is None:
            listed = [*existing, *({"id": number} for number in draft.uploads)]
        kept = {entry["id"]: entry for entry in existing}
        done = []
        for entry in listed:
            key = str(entry["id"])
            if key in kept:
                attachment = kept[key]
            elif key.isdigit() and int(key) in draft.uploads:
                upload = draft.uploads[int(key)]
                named = Upload(entry.get("filename") or upload.name, upload.data)
                limit = self._world.upload_limit
                attachment = {**self._files.keep(named, message["channel_id"], limit)}
            else:
                uploaded = self._files.describe(key)
                if uploaded is None:
                    raise Invalid("attachments", "ATTACHMENT_NOT_FOUND", f"Unknown file {key}")
                attachment = uploaded
            if entry.get("description"):
                attachment["description"] = entry["description"]
            done.append(attachment)
        return done

    def _mentions(self, message: Json, allowed: Json | None) -> list[Json]:
        texts = [message["content"]]
        texts += [entry.get("content") or "" for _, entry in walk(message["components"])]
        found = dict.fromkeys(key for text in texts for key in MENTION.findall(text))
        if allowed is not None and "users" not in (allowed.get("parse") or []):
            listed = {str(key) for key in allowed.get("users") or []}
            found = {key: None for key in found if key in listed}
        return [self._world.user(key) for key in found if key in self._world.members]

    def _finish(self, message: Json) -> Json:
        attachments = message["attachments"]
        message["components"] = complete(message["components"], attachments)
        message["embeds"] = complete_embeds(message["embeds"], attachments)
        return message

    def delete(self, record: Json) -> None:
        """Take a message away."""
        message = record["message"]
        self._records.drop(message["id"])
        gone = {"id": message["id"], "channel_id": message["channel_id"]}
        told = {**gone, **self._place(message["channel_id"])}
        if not record["only"]:
            self._hub.tell_bot("MESSAGE_DELETE", told)
        self._hub.tell_people(
            "MESSAGE_DELETE", gone, channel=gone["channel_id"], only=record["only"]
        )

    def save(self, record: Json) -> None:
        """Write a record after a change to its reactions."""
        self._records.put(record["message"]["id"], record)

    def shown(self, record: Json, viewer: str) -> Json:
        """A message as this viewer sees it, reactions and the quoted message included."""
        message = {**record["message"]}
        if record["reactors"]:
            message["reactions"] = [
                _reaction(name, who, viewer) for name, who in record["reactors"].items()
            ]
        target = (message.get("message_reference") or {}).get("message_id")
        if target and message["type"] == REPLY:
            quoted = self._records.get(target)
            message["referenced_message"] = quoted["message"] if quoted else None
        message["attachments"] = outside_embeds(message)
        if viewer == BOT and self._place(message["channel_id"]):
            message = _without_secrets(message)
        return self._files.shown(message)

    def _place(self, channel: str) -> Json:
        return {"guild_id": GUILD} if "guild_id" in self._world.channel(channel) else {}

    def _announce(self, kind: str, record: Json) -> None:
        message = record["message"]
        if not record["only"]:
            told = {**self.shown(record, BOT), **self._place(message["channel_id"])}
            if "guild_id" in told:
                told["member"] = self._world.bare_member(message["author"]["id"])
            self._hub.tell_bot(kind, told)
        who = record["only"]
        shown = self.shown(record, who or "")
        self._hub.tell_people(kind, shown, channel=message["channel_id"], only=who)


def _reaction(name: str, who: list[str], viewer: str) -> Json:
    return {
        "emoji": {"id": None, "name": name},
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "burst_colors": [],
        "me": viewer in who,
        "me_burst": False,
    }


def _without_secrets(message: Json) -> Json:
    """What a bot without the message-content intent is told of other people's messages."""
    mine = message["author"]["id"] == BOT or BOT in (user["id"] for user in message["mentions"])
    if mine:
        return message
    return {**message, "content": "", "attachments": [], "embeds": [], "components": []}
