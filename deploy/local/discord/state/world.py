"""What the control API can change about Discord as a whole."""

from dataclasses import dataclass

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import InvalidForm


@dataclass
class World:
    """The limits that Discord does not publish, and states that concern the whole bot.

    old_message_edits is how many edits an hour a message that is more than an hour old takes;
    old_edit_retry_after is in seconds. requests_per_second is the bot's over all routes.
    invalid_requests is how many answers 401, 403 and 429 within ten minutes ban the address.
    shards is how many /gateway/bot recommends; where sharding_required is set, so many are the
    fewest. Of shards whose numbers are equal modulo max_concurrency, one may identify every
    identify_seconds (Discord's are 5). gateway_closed refuses new connections with a 503.
    Interactions and reactions are sent event_repeats times more, and event_delay seconds late.
    members_intent allows the privileged intent of that name.
    """

    token: str = "local"  # noqa: S105  # the stand-in's token protects nothing
    rate_limits: bool = True
    requests_per_second: int = 50
    invalid_requests: int = 10_000
    old_message_edits: int = 5
    old_edit_retry_after: float = 5.0
    shards: int = 1
    sharding_required: bool = False
    max_concurrency: int = 1
    identify_seconds: float = 0.0
    gateway_closed: bool = False
    event_repeats: int = 0
    event_delay: float = 0.0
    members_intent: bool = False

    def change(self, fields: Json) -> None:
        """Set some of the fields; raise InvalidForm for one of another name or type."""
        for name, value in fields.items():
            kinds = (int, float) if isinstance(getattr(self, name, None), float) else ()
            if not hasattr(self, name) or not isinstance(
                value, (type(getattr(self, name)), *kinds)
            ):
                raise InvalidForm(name, "BASE_TYPE_CHOICES", "no such field or another type")
        for name, value in fields.items():
            setattr(self, name, value)
