"""The bot's responses to interactions: callbacks, the original response, and follow-ups."""

from dataclasses import replace

from deploy.local.discord import Json
from deploy.local.discord.rules.components import check_modal, walk
from deploy.local.discord.rules.errors import (
    ALREADY_ACKNOWLEDGED,
    MISSING_PERMISSIONS,
    TOO_MANY_FOLLOW_UPS,
    UNKNOWN_MESSAGE,
    ApiError,
    InvalidForm,
)
from deploy.local.discord.rules.messages import EPHEMERAL, LOADING
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import BOT, Guild
from deploy.local.discord.state.interaction.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    InteractionStore,
)
from deploy.local.discord.state.messages import (
    COMMAND_REPLY,
    CONTEXT_REPLY,
    MessageDraft,
    MessageStore,
)

FOLLOW_UPS_OF_USER_INSTALL = 5
SEND, DEFER, DEFER_UPDATE, UPDATE, CHOICES, OPEN_MODAL = 4, 5, 6, 7, 8, 9
ALLOWED_CALLBACKS = {
    COMMAND: (SEND, DEFER, OPEN_MODAL),
    AUTOCOMPLETE: (CHOICES,),
    COMPONENT: (SEND, DEFER, DEFER_UPDATE, UPDATE, OPEN_MODAL),
    MODAL: (SEND, DEFER, DEFER_UPDATE, UPDATE),
}


class InteractionResponses:
    """Turns the bot's responses into messages, modals and outcomes."""

    def __init__(
        self, guild: Guild, messages: MessageStore, interactions: InteractionStore
    ) -> None:
        self._guild, self._messages, self._interactions = guild, messages, interactions

    def callback(self, key: str, token: str, kind: int, draft: MessageDraft) -> Json:
        """Acknowledge an interaction, once; return Discord's callback response object."""
        record = self._interactions.by_callback(key, token)
        if record["outcome"] is not None:
            raise ApiError(*ALREADY_ACKNOWLEDGED)
        draft = replace(draft, limit=record["limit"])
        self._check_callback_type(record, kind)
        self._check_files(record, draft)
        resource: Json = {"type": kind}
        if kind in (SEND, DEFER):
            resource["message"] = self._send(record, kind, draft)
        elif kind in (DEFER_UPDATE, UPDATE):
            resource |= self._update(record, kind, draft)
        elif kind == OPEN_MODAL:
            self._open_modal(record, draft.payload)
        elif kind == CHOICES:
            found = draft.payload.get("choices") or []
            self._interactions.settle(record, {"kind": "choices", "choices": found})
        return self._callback_response(record, resource)

    def _check_callback_type(self, record: Json, kind: int) -> None:
        update_of_nothing = kind in (DEFER_UPDATE, UPDATE) and not record["message"]
        if kind not in ALLOWED_CALLBACKS[record["type"]] or update_of_nothing:
            message = "This callback type does not fit the interaction."
            raise InvalidForm("type", "INTERACTION_CALLBACK_TYPE_INVALID", message)

    def _check_files(self, record: Json, draft: MessageDraft) -> None:
        channel = self._guild.channel(record["channel"])
        allowed = self._guild.app_permissions(channel)
        if draft.uploads and not allowed & Permission.ATTACH_FILES:
            raise ApiError(*MISSING_PERMISSIONS)

    def _send(self, record: Json, kind: int, draft: MessageDraft) -> Json:
        ephemeral = self._is_ephemeral(record, draft)
        payload, fields, deferred = draft.payload, self._fields(record), kind == DEFER
        if ephemeral:
            fields |= {"flags": EPHEMERAL}
        if deferred:
            payload = {}
            fields |= {"flags": LOADING | fields.get("flags", 0)}
        member = record["member"] if ephemeral else None
        posted = self._post(
            record, replace(draft, payload=payload, member=member, fields=fields, loading=deferred)
        )
        record |= {"original": posted["message"]["id"], "loading": deferred, "hidden": ephemeral}
        outcome = {"kind": "deferred" if deferred else "message"}
        self._interactions.settle(record, {**outcome, "message": record["original"]})
        return self._messages.view(posted, BOT)

    def _is_ephemeral(self, record: Json, draft: MessageDraft) -> bool:
        return bool(record["forced"] or (draft.payload.get("flags") or 0) & EPHEMERAL)

    def _post(self, record: Json, draft: MessageDraft) -> Json:
        return self._messages.post(BOT, self._guild.channel(record["channel"]), draft)

    def _fields(self, record: Json) -> Json:
        """Return the fields that mark a message as the answer to an interaction."""
        fields: Json = {"application_id": BOT, "webhook_id": BOT}
        fields["interaction_metadata"] = self._interactions.metadata(record)
        if record["type"] == COMMAND:
            fields["interaction"] = {
                "id": record["id"],
                "type": COMMAND,
                "name": record["data"]["name"],
                "user": self._guild.user(record["member"]),
            }
            in_context_menu = "target_id" in record["data"]
            return {**fields, "type": CONTEXT_REPLY if in_context_menu else COMMAND_REPLY}
        return {**fields, **self._reply_to(record["message"])}

    def _reply_to(self, target: str | None) -> Json:
        """Return the fields of a reply to a public message; none for another target."""
        if target is None or self._messages.record(target)["only"]:
            return {}
        message = self._messages.record(target)["message"]
        return self._messages.reply_to(target, self._guild.channel(message["channel_id"]))

    def _update(self, record: Json, kind: int, draft: MessageDraft) -> Json:
        target = self._messages.record(record["message"])
        record["original"] = record["message"]
        shown: Json = {}
        if kind == UPDATE:
            shown["message"] = self._messages.view(self._messages.edit(target, draft), BOT)
        outcome = {"kind": "update" if kind == UPDATE else "deferred update"}
        self._interactions.settle(record, {**outcome, "message": record["message"]})
        return shown

    def _open_modal(self, record: Json, modal: Json) -> None:
        check_modal(modal)
        for number, (_, part) in enumerate(walk(modal["components"]), start=1):
            part["id"] = part.get("id") or number
        self._interactions.settle(record, {"kind": "modal", "modal": modal})

    def _callback_response(self, record: Json, resource: Json) -> Json:
        interaction: Json = {"id": record["id"], "type": record["type"]}
        if "message" in resource:
            interaction |= {
                "response_message_id": record["original"],
                "response_message_loading": record["loading"],
                "response_message_ephemeral": bool(resource["message"]["flags"] & EPHEMERAL),
            }
        response: Json = {"interaction": interaction}
        return response | ({"resource": resource} if resource["type"] in (SEND, UPDATE) else {})

    def follow_up(self, application: str, token: str, draft: MessageDraft) -> Json:
        """Post a further message; the first one after a deferral fills the deferred message."""
        record = self._interactions.by_webhook(application, token)
        self._check_files(record, draft)
        if record["loading"]:
            return self.edit(application, token, "@original", draft)
        self._count_follow_up(record)
        ephemeral = self._is_ephemeral(record, draft)
        fields = self._fields(record) | self._reply_to(record["original"])
        fields.setdefault("type", 0)
        if record["original"]:
            metadata = fields["interaction_metadata"]
            metadata["original_response_message_id"] = record["original"]
        if ephemeral:
            fields["flags"] = EPHEMERAL
        member = record["member"] if ephemeral else None
        limit = record["limit"]
        posted = self._post(record, replace(draft, member=member, fields=fields, limit=limit))
        return self._messages.view(posted, BOT)

    def _count_follow_up(self, record: Json) -> None:
        """Raise ApiError for one too many where the bot is no member of the guild."""
        if "0" not in record["owners"] and record["follow_ups"] >= FOLLOW_UPS_OF_USER_INSTALL:
            raise ApiError(*TOO_MANY_FOLLOW_UPS)
        record["follow_ups"] += 1
        self._interactions.save(record)

    def edit(self, application: str, token: str, target: str, draft: MessageDraft) -> Json:
        """Change the original response or a follow-up."""
        record = self._interactions.by_webhook(application, token)
        self._check_files(record, draft)
        found = self._target(record, target)
        deferred = record["loading"] and found["message"]["id"] == record["original"]
        draft = replace(draft, limit=record["limit"])
        edited = self._messages.edit(found, draft, mark_edited=not deferred)
        if deferred:
            record["loading"] = False
            self._interactions.save(record)
        return self._messages.view(edited, BOT)

    def get(self, application: str, token: str, target: str) -> Json:
        """Return the original response or a follow-up."""
        record = self._interactions.by_webhook(application, token)
        return self._messages.view(self._target(record, target), BOT)

    def delete(self, application: str, token: str, target: str) -> None:
        """Delete the original response or a follow-up."""
        record = self._interactions.by_webhook(application, token)
        self._messages.delete(self._target(record, target))

    def _target(self, record: Json, target: str) -> Json:
        key = record["original"] if target == "@original" else target
        if key is None:
            raise ApiError(*UNKNOWN_MESSAGE)
        found = self._messages.record(key, record["channel"])
        if found["message"]["author"]["id"] != BOT or found["only"] not in (None, record["member"]):
            raise ApiError(*UNKNOWN_MESSAGE)
        return found
