"""The errors that Discord's API answers with: a status, a numeric code, and a JSON body."""

from collections.abc import Iterable, Mapping, Sized
from types import MappingProxyType

from deploy.local.discord import Json


class ApiError(Exception):
    """An error answer with its HTTP status and Discord's own numeric code."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if errors:
            self.body["errors"] = errors


class RateLimited(ApiError):
    """A 429; retry_after is in seconds, code 0 where only a rate limit was hit."""

    def __init__(
        self,
        retry_after: float,
        message: str = "You are being rate limited.",
        code: int = 0,
        *,
        is_global: bool = False,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(429, code, message)
        self.retry_after, self.headers = retry_after, headers
        self.body |= {"retry_after": retry_after, "global": is_global}


class InvalidForm(ApiError):
    """A body that breaks a rule at a path such as `embeds.0.title`."""

    def __init__(self, path: str, code: str, message: str) -> None:
        errors: Json = {"_errors": [{"code": code, "message": message}]}
        for part in reversed(path.split(".")):
            errors = {part: errors}
        super().__init__(400, 50035, "Invalid Form Body", errors)


def check_max_length(text: str | None, path: str, limit: int) -> None:
    """Raise InvalidForm for a text over its limit."""
    if len(text or "") > limit:
        message = f"Must be {limit} or fewer in length."
        raise InvalidForm(path, "BASE_TYPE_MAX_LENGTH", message)


def check_length(value: Sized | None, path: str, low: int, high: int) -> None:
    """Raise InvalidForm for a text or list outside its allowed length."""
    if not low <= len(value or ()) <= high:
        message = f"Must be between {low} and {high} in length."
        raise InvalidForm(path, "BASE_TYPE_BAD_LENGTH", message)


def check_range(value: float, path: str, low: float, high: float) -> None:
    """Raise InvalidForm for a number outside its allowed range."""
    if not low <= value <= high:
        message = f"Must be between {low} and {high}."
        raise InvalidForm(path, "NUMBER_TYPE_RANGE", message)


def check_unique(values: Iterable[str], path: str, code: str) -> None:
    """Raise InvalidForm for a value that is there twice."""
    seen = list(values)
    if len(set(seen)) < len(seen):
        raise InvalidForm(path, code, "This value is already used")


def required(path: str) -> InvalidForm:
    """Return the error for a field that is missing."""
    return InvalidForm(path, "BASE_TYPE_REQUIRED", "This field is required")


UNAUTHORIZED = (401, 0, "401: Unauthorized")
NOT_FOUND = (404, 0, "404: Not Found")
METHOD_NOT_ALLOWED = (405, 0, "405: Method Not Allowed")
UNKNOWN_CHANNEL = (404, 10003, "Unknown Channel")
UNKNOWN_GUILD = (404, 10004, "Unknown Guild")
UNKNOWN_MEMBER = (404, 10007, "Unknown Member")
UNKNOWN_MESSAGE = (404, 10008, "Unknown Message")
UNKNOWN_USER = (404, 10013, "Unknown User")
UNKNOWN_EMOJI = (400, 10014, "Unknown Emoji")
UNKNOWN_WEBHOOK = (404, 10015, "Unknown Webhook")
UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
UNKNOWN_COMMAND = (404, 10063, "Unknown application command")
TOO_LARGE = (413, 40005, "Request entity too large")
ALREADY_ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
MISSING_ACCESS = (403, 50001, "Missing Access")
CANNOT_EDIT_OTHERS = (403, 50005, "Cannot edit a message authored by another user")
SERVER_UNAVAILABLE = (503, 0, "503: Service Unavailable")
TOO_MANY_OLD_EDITS = (
    "Maximum number of edits to messages older than 1 hour reached. Try again later.",
    30046,
)
TOO_MANY_FOLLOW_UPS = (
    400,
    40094,
    "This interaction has reached the maximum number of follow-up messages",
)
EMPTY_MESSAGE = (400, 50006, "Cannot send an empty message")
CANNOT_MESSAGE_USER = (403, 50007, "Cannot send messages to this user")
NO_MUTUAL_GUILDS = (403, 50278, "Cannot send messages to this user due to having no mutual guilds")
MISSING_PERMISSIONS = (403, 50013, "Missing Permissions")
INVALID_WEBHOOK_TOKEN = (401, 50027, "Invalid Webhook Token")
THREAD_ARCHIVED = (400, 50083, "Thread is archived")
REPLY_WITHOUT_HISTORY = (400, 160002, "Cannot reply without permission to read message history")
THREAD_LOCKED = (400, 160005, "Thread is locked")
BLOCKED_BY_AUTOMOD = (400, 200000, "Message was blocked by automatic moderation")
BAD_JSON = (400, 50109, "The request body contains invalid JSON.")
