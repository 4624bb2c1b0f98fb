"""The bot's answers to interactions: callbacks, the original response, and follow-ups."""

from deploy.local.discord import Json
from deploy.local.discord.rules.components import check_modal, walk
from deploy.local.discord.rules.errors import (
    ALREADY_ACKNOWLEDGED,
    MISSING_PERMISSIONS,
    UNKNOWN_MESSAGE,
    ApiError,
    Invalid,
)
from deploy.local.discord.rules.messages import EPHEMERAL, LOADING
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import BOT, World
from deploy.local.discord.state.interactions import COMMAND, COMPONENT, MODAL, Interactions
from deploy.local.discord.state.messages import COMMAND_REPLY, CONTEXT_REPLY, REPLY, Draft, Messages

SEND, DEFER, DEFER_UPDATE, UPDATE, CHOICES, OPEN_MODAL = 4, 5, 6, 7, 8, 9


class Replies:
    """Turns what the bot answers into messages, modals and outcomes."""

    def __init__(self, world: World, messages: Messages, interactions: Interactions) -> None:
        self._world, self._messages, self._interactions = world, messages, interactions

    def answer(self, key: str, token: str, kind: int, draft: Draft) -> Json:
        """The one acknowledgement; gives Discord's description of it."""
        record = self._interactions.unanswered(key, token)
        if record["outcome"] is not None:
            raise ApiError(*ALREADY_ACKNOWLEDGED)
        self._check_kind(record, kind)
        self._check_files(record, draft)
        resource: Json = {"type": kind}
        if kind in (SEND, DEFER):
            resource["message"] = self._open(record, kind, draft)
        elif kind in (DEFER_UPDATE, UPDATE):
            resource |= self._update(record, kind, draft)
        elif kind == OPEN_MODAL:
            self._open_modal(record, draft.payload)
        elif kind == CHOICES:
            found = draft.payload.get("choices") or []
            self._interactions.settle(record, {"kind": "choices", "choices": found})
        return self._described(record, resource)

    def _check_kind(self, record: Json, kind: int) -> None:
        allowed = {COMMAND: (SEND, DEFER, OPEN_MODAL), 4: (CHOICES,)}
        allowed[COMPONENT] = (SEND, DEFER, DEFER_UPDATE, UPDATE, OPEN_MODAL)
        allowed[MODAL] = (SEND, DEFER, DEFER_UPDATE, UPDATE)
        updating = kind in (DEFER_UPDATE, UPDATE) and not record["message"]
        if kind not in allowed[record["type"]] or updating:
            message = "This callback type does not fit the interaction."
            raise Invalid("type", "INTERACTION_CALLBACK_TYPE_INVALID", message)

    def _check_files(self, record: Json, draft: Draft) -> None:
        channel = self._world.channel(record["channel"])
        allowed = self._world.permissions(BOT, channel)
        if draft.uploads and not allowed & Permission.ATTACH_FILES:
            raise ApiError(*MISSING_PERMISSIONS)

    def _open(self, record: Json, kind: int, draft: Draft) -> Json:
        hidden = bool((draft.payload.get("flags") or 0) & EPHEMERAL)
        payload = draft.payload if kind == SEND else {}
        extra = self._extra(record)
        if kind == DEFER:
            extra |= {"loading": True, "flags": LOADING | (EPHEMERAL if hidden else 0)}
        posted = self._post(record, Draft(payload, draft.uploads, extra=extra), hidden=hidden)
        record |= {"original": posted["message"]["id"], "loading": kind == DEFER, "hidden": hidden}
        outcome = {"kind": "message" if kind == SEND else "deferred"}
        self._interactions.settle(record, {**outcome, "message": record["original"]})
        return self._messages.shown(posted, BOT)

    def _post(self, record: Json, draft: Draft, *, hidden: bool) -> Json:
        channel = self._world.channel(record["channel"])
        only = record["member"] if hidden else None
        return self._messages.post(
            BOT, channel, Draft(draft.payload, draft.uploads, only, draft.extra)
        )

    def _extra(self, record: Json) -> Json:
        extra: Json = {"application_id": BOT, "webhook_id": BOT}
        extra["interaction_metadata"] = self._interactions.metadata(record)
        if record["type"] == COMMAND:
            context = "target_id" in record["data"]
            extra["interaction"] = {
                "id": record["id"],
                "type": COMMAND,
                "name": record["data"]["name"],
                "user": self._world.user(record["member"]),
            }
            return {**extra, "type": CONTEXT_REPLY if context else COMMAND_REPLY}
        return {**extra, **self._quoting(record["message"])}

    def _quoting(self, target: str | None) -> Json:
        """A reply to a message that everyone sees, or nothing."""
        if target is None or self._messages.record(target)["only"]:
            return {}
        message = self._messages.record(target)["message"]
        reference = {"type": 0, "channel_id": message["channel_id"], "message_id": target}
        if "guild_id" in self._world.channel(message["channel_id"]):
            reference["guild_id"] = self._world.guild["id"]
        return {"type": REPLY, "message_reference": reference}

    def _update(self, record: Json, kind: int, draft: Draft) -> Json:
        target = self._messages.record(record["message"])
        record["original"] = record["message"]
        shown: Json = {}
        if kind == UPDATE:
            shown["message"] = self._messages.shown(self._messages.edit(target, draft), BOT)
        outcome = {"kind": "update" if kind == UPDATE else "deferred update"}
        self._interactions.settle(record, {**outcome, "message": record["message"]})
        return shown

    def _open_modal(self, record: Json, modal: Json) -> None:
        check_modal(modal)
        for number, (_, part) in enumerate(walk(modal["components"]), start=1):
            part["id"] = part.get("id") or number
        self._interactions.settle(record, {"kind": "modal", "modal": modal})

    def _described(self, record: Json, resource: Json) -> Json:
        interaction: Json = {"id": record["id"], "type": record["type"]}
        if "message" in resource:
            interaction |= {
                "response_message_id": record["original"],
                "response_message_loading": record["loading"],
                "response_message_ephemeral": bool(resource["message"]["flags"] & EPHEMERAL),
            }
        described: Json = {"interaction": interaction}
        return described | ({"resource": resource} if resource["type"] in (SEND, UPDATE) else {})

    def follow_up(self, application: str, token: str, draft: Draft) -> Json:
        """A further message; the first one after a deferral fills the promised message."""
        record = self._interactions.by_token(application, token)
        self._check_files(record, draft)
        if record["loading"]:
            return self.edit(application, token, "@original", draft)
        hidden = bool((draft.payload.get("flags") or 0) & EPHEMERAL)
        extra = self._extra(record) | self._quoting(record["original"])
        extra.setdefault("type", 0)
        if record["original"]:
            metadata = extra["interaction_metadata"]
            metadata["original_response_message_id"] = record["original"]
        posted = self._post(record, Draft(draft.payload, draft.uploads, extra=extra), hidden=hidden)
        return self._messages.shown(posted, BOT)

    def edit(self, application: str, token: str, target: str, draft: Draft) -> Json:
        """Change the original response or a follow-up."""
        record = self._interactions.by_token(application, token)
        self._check_files(record, draft)
        found = self._target(record, target)
        filling = record["loading"] and found["message"]["id"] == record["original"]
        edited = self._messages.edit(found, draft, quiet=filling)
        if filling:
            record["loading"] = False
            self._interactions.save(record)
        return self._messages.shown(edited, BOT)

    def get(self, application: str, token: str, target: str) -> Json:
        """The original response or a follow-up."""
        record = self._interactions.by_token(application, token)
        return self._messages.shown(self._target(record, target), BOT)

    def delete(self, application: str, token: str, target: str) -> None:
        """Take the original response or a follow-up away."""
        record = self._interactions.by_token(application, token)
        self._messages.delete(self._target(record, target))

    def _target(self, record: Json, target: str) -> Json:
        key = record["original"] if target == "@original" else target
        if key is None:
            raise ApiError(*UNKNOWN_MESSAGE)
        found = self._messages.record(key, record["channel"])
        if found["message"]["author"]["id"] != BOT or found["only"] not in (None, record["member"]):
            raise ApiError(*UNKNOWN_MESSAGE)
        return found
