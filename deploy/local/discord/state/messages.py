"""The messages of every channel; each change is sent to the bot and to members' clients."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local.discord import Json
from deploy.local.discord.rules.components import walk
from deploy.local.discord.rules.errors import (
    UNKNOWN_MESSAGE,
    ApiError,
    InvalidForm,
)
from deploy.local.discord.rules.messages import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SETTABLE_FLAGS,
    check_message,
)
from deploy.local.discord.rules.permissions import THREADS
from deploy.local.discord.state.attachments import AttachmentStore, Upload
from deploy.local.discord.state.document_store import Collection, DocumentStore
from deploy.local.discord.state.events import EventDispatcher
from deploy.local.discord.state.guild import BOT, Guild
from deploy.local.discord.state.message_policy import MessagePolicy
from deploy.local.discord.state.normalization import (
    complete_components,
    complete_embeds,
    listed_attachments,
)
from deploy.local.discord.state.snowflakes import Snowflakes, timestamp
from deploy.local.discord.state.world import World

NONCE_SECONDS = 300
MENTION = re.compile(r"<@!?(\d+)>")
DEFAULT, REPLY, COMMAND_REPLY, CONTEXT_REPLY = 0, 19, 20, 23
FORWARD = 1
"""The type of a message_reference; 0 is a reply."""


@dataclass(frozen=True)
class MessageDraft:
    """What is to be posted or changed.

    uploads are the files by number; member alone sees the message (None: everyone); fields are
    further fields of the message object; loading marks a deferred answer, which may be empty;
    limit is the most bytes of a file where it is not the channel's.
    """

    payload: Json
    uploads: Mapping[int, Upload] = field(default_factory=dict)
    member: str | None = None
    fields: Json = field(default_factory=dict)
    loading: bool = False
    limit: int | None = None


class MessageStore:
    """Posts, edits, deletes and shows messages.

    A record holds the message object, `only` (who alone sees it, or None), `reactors` (users by
    emoji), `posted` and `late_edits` (unix seconds; edits when it was more than an hour old).
    """

    def __init__(  # noqa: PLR0917  # its collaborators
        self,
        guild: Guild,
        events: EventDispatcher,
        attachments: AttachmentStore,
        ids: Snowflakes,
        store: DocumentStore,
        world: World,
    ) -> None:
        self._guild, self._events, self._attachments = guild, events, attachments
        self.policy = MessagePolicy(guild, world, ids.clock)
        self._ids, self._clock = ids, ids.clock
        self._records = Collection(store, "message")

    def record(self, key: str, channel: str | None = None) -> Json:
        """Return a message's record, of this channel if one is given."""
        found = self._records.get(key)
        if found is None or channel not in (None, found["message"]["channel_id"]):
            raise ApiError(*UNKNOWN_MESSAGE)
        return found

    def public_record(self, key: str, channel: str) -> Json:
        """Return the record of a message that is not ephemeral."""
        found = self.record(key, channel)
        if found["only"]:
            raise ApiError(*UNKNOWN_MESSAGE)
        return found

    def records(self, channel: str, viewer: str | None) -> list[Json]:
        """Return the records of a channel that this viewer sees, oldest first."""
        return [
            entry
            for entry in self._records
            if entry["message"]["channel_id"] == channel and entry["only"] in (None, viewer)
        ]

    def post(self, author: str, channel: Json, draft: MessageDraft) -> Json:
        """Post a message, or return the earlier one with the same enforced nonce."""
        known = self._with_nonce(author, channel, draft.payload)
        if known:
            return known
        self.policy.check_open(author, channel)
        message = self._new_message(author, channel, draft)
        message["flags"] |= (draft.payload.get("flags") or 0) & SETTABLE_FLAGS
        self._apply(message, draft)
        if not draft.loading:
            check_message(message)
            self.policy.check_words(message, channel)
        self._unarchive(channel)
        message = self._normalized(message)
        record: Json = {"message": message, "only": draft.member, "reactors": {}}
        record["posted"] = self._clock.now()
        self._records.put(message["id"], record)
        channel["last_message_id"] = message["id"]
        self._announce("MESSAGE_CREATE", record)
        return record

    def _unarchive(self, channel: Json) -> None:
        """Open an archived thread again, as a new message in it does."""
        if channel["type"] in THREADS and channel["thread_metadata"]["archived"]:
            channel["thread_metadata"]["archived"] = False
            self._guild.channels.put(channel["id"], channel)
            self._events.dispatch("THREAD_UPDATE", channel)
            self._events.publish_change("channel", channel["id"])

    def _with_nonce(self, author: str, channel: Json, payload: Json) -> Json | None:
        nonce = payload.get("nonce")
        if nonce is None or not payload.get("enforce_nonce"):
            return None
        if len(str(nonce)) > 25:
            raise InvalidForm("nonce", "NONCE_TYPE_TOO_LONG", "Nonce too long.")
        for entry in self.records(channel["id"], None):
            message = entry["message"]
            recent = self._clock.now() - entry.get("posted", 0) < NONCE_SECONDS
            if recent and message["author"]["id"] == author and message.get("nonce") == nonce:
                return entry
        return None

    def _new_message(self, author: str, channel: Json, draft: MessageDraft) -> Json:
        message: Json = {
            "id": self._ids.next(),
            "type": DEFAULT,
            "channel_id": channel["id"],
            "author": self._guild.user(author),
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
            self.policy.check_reply(author, channel)
            message |= self._reply_fields(reference, channel)
        return message | draft.fields

    def _reply_fields(self, reference: Json, channel: Json) -> Json:
        target = str(reference["message_id"])
        if target not in self._records:
            if reference.get("fail_if_not_exists", True):
                message = "Unknown message"
                raise InvalidForm("message_reference", "REPLIES_UNKNOWN_MESSAGE", message)
            return {}
        if reference.get("type") == FORWARD:
            return self._forward_of(self._records[target]["message"])
        return self.reply_to(target, channel)

    def _forward_of(self, source: Json) -> Json:
        """Return the fields of a message that forwards another one."""
        kept = "type content mentions mention_roles attachments embeds timestamp edited_timestamp"
        snapshot = {name: source[name] for name in (*kept.split(), "flags", "components")}
        channel = self._guild.channel(source["channel_id"])
        reference = {"type": FORWARD, "channel_id": channel["id"], "message_id": source["id"]}
        if "guild_id" in channel:
            reference["guild_id"] = channel["guild_id"]
        return {"message_reference": reference, "message_snapshots": [{"message": snapshot}]}

    def reply_to(self, target: str, channel: Json) -> Json:
        """Return the fields that make a message the reply to another one of its channel."""
        reference = {"type": 0, "channel_id": channel["id"], "message_id": target}
        if "guild_id" in channel:
            reference["guild_id"] = channel["guild_id"]
        return {"type": REPLY, "message_reference": reference}

    def edit(self, record: Json, draft: MessageDraft, *, mark_edited: bool = True) -> Json:
        """Change a message; filling in a deferred answer does not mark it as edited."""
        self.policy.check_editable(record)
        self.policy.count_late_edit(record)
        message = {**record["message"]}
        message["flags"] &= ~LOADING
        message["flags"] |= (draft.payload.get("flags") or 0) & SETTABLE_FLAGS & ~EPHEMERAL
        self._apply(message, draft)
        check_message(message)
        self.policy.check_words(message, self._guild.channel(message["channel_id"]))
        if mark_edited:
            message["edited_timestamp"] = timestamp(self._clock.now())
        record["message"] = self._normalized(message)
        self._records.put(message["id"], record)
        self._announce("MESSAGE_UPDATE", record)
        return record

    def _apply(self, message: Json, draft: MessageDraft) -> None:
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

    def _attach(self, draft: MessageDraft, message: Json) -> list[Json]:
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
                channel = self._guild.channel(message["channel_id"])
                limit = draft.limit or self._guild.upload_limit(channel)
                attachment = {**self._attachments.add(named, message["channel_id"], limit)}
            else:
                uploaded = self._attachments.get(key)
                if uploaded is None:
                    reason = f"Unknown file {key}"
                    raise InvalidForm("attachments", "ATTACHMENT_NOT_FOUND", reason)
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
        return [self._guild.user(key) for key in found if key in self._guild.members]

    def _normalized(self, message: Json) -> Json:
        attachments = message["attachments"]
        message["components"] = complete_components(message["components"], attachments)
        message["embeds"] = complete_embeds(message["embeds"], attachments)
        return message

    def delete(self, record: Json) -> None:
        """Delete a message."""
        message = record["message"]
        self._records.delete(message["id"])
        data = {"id": message["id"], "channel_id": message["channel_id"]}
        if not record["only"]:
            self._events.dispatch("MESSAGE_DELETE", {**data, **self._guild_id(data["channel_id"])})
        self._events.publish(
            "MESSAGE_DELETE", data, channel=data["channel_id"], member=record["only"]
        )

    def delete_all(self, channel: Json, keys: list[str]) -> None:
        """Delete those of some messages that are in a channel, with one event."""
        found = {key: self._records.get(key) for key in keys}
        gone = [
            key
            for key, one in found.items()
            if one and not one["only"] and one["message"]["channel_id"] == channel["id"]
        ]
        for key in gone:
            self._records.delete(key)
            data = {"id": key, "channel_id": channel["id"]}
            self._events.publish("MESSAGE_DELETE", data, channel=channel["id"])
        data = {"ids": gone, "channel_id": channel["id"], **self._guild_id(channel["id"])}
        self._events.dispatch("MESSAGE_DELETE_BULK", data)

    def save(self, record: Json) -> None:
        """Store a record after a change to its reactions."""
        self._records.put(record["message"]["id"], record)

    def view(self, record: Json, viewer: str) -> Json:
        """Return a message as this viewer sees it, with reactions and the referenced message."""
        message = {**record["message"]}
        if record["reactors"]:
            message["reactions"] = [
                _reaction(name, users, viewer) for name, users in record["reactors"].items()
            ]
        target = (message.get("message_reference") or {}).get("message_id")
        if target and message["type"] == REPLY:
            referenced = self._records.get(target)
            message["referenced_message"] = referenced["message"] if referenced else None
        message["attachments"] = listed_attachments(message)
        if viewer == BOT and self._guild_id(message["channel_id"]):
            message = _without_content_intent(message)
        return self._attachments.with_urls(message)

    def _guild_id(self, channel: str) -> Json:
        found = self._guild.channel(channel)
        return {"guild_id": found["guild_id"]} if "guild_id" in found else {}

    def _announce(self, kind: str, record: Json) -> None:
        message, only = record["message"], record["only"]
        if not only:
            data = {**self.view(record, BOT), **self._guild_id(message["channel_id"])}
            if "guild_id" in data:
                data["member"] = self._guild.partial_member(message["author"]["id"])
            self._events.dispatch(kind, data)
        shown = self.view(record, only or "")
        self._events.publish(kind, shown, channel=message["channel_id"], member=only)


def _reaction(name: str, users: list[str], viewer: str) -> Json:
    return {
        "emoji": {"id": None, "name": name},
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me": viewer in users,
        "me_burst": False,
    }


def _without_content_intent(message: Json) -> Json:
    """Return what a bot without the message-content intent sees of a message."""
    own = message["author"]["id"] == BOT or BOT in (user["id"] for user in message["mentions"])
    if own:
        return message
    hidden: Json = {"content": "", "attachments": [], "embeds": [], "components": []}
    if "message_snapshots" in message:
        hidden["message_snapshots"] = []
    return {**message, **hidden}
