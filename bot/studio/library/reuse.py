"""Reads the settings that made a clip from its file, whoever made it and whatever was changed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, replace

from bot.studio.option_table import Option
from bot.studio.options import Options, OptionValue
from bot.studio.orders.admission import Admission
from storage.clip_comment import comment_of
from storage.codec import CodecError, decode
from storage.domain.catalogue import Model
from storage.domain.errors import BadRequest
from storage.domain.request import GenerationRequest

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KNOWN = {field.name for field in fields(GenerationRequest)} - {"source"}


@dataclass(frozen=True, slots=True)
class ReusedSettings:
    """The options that a clip's file asks for, and the sha256 of its picture (empty: unknown)."""

    options: Options
    picture: str = ""


def read_settings(file: bytes, admission: Admission) -> ReusedSettings:
    """Return the settings in an MP4, GIF or WebP of ours; raise BadRequest where it has none.

    A value that this service does not offer is left out, so that its default is taken; so are all
    that depend on a model which is not offered.
    """
    request = _request(comment_of(file))
    if not _SHA256.fullmatch(request.end_picture):
        request = replace(request, end_picture="")
    return ReusedSettings(
        reusable_options(request, admission),
        request.picture if _SHA256.fullmatch(request.picture) else "",
    )


def reusable_options(request: GenerationRequest, admission: Admission) -> Options:
    """Return the options that ask for a request again, as far as this service offers them."""
    models = admission.catalogue.models
    model = models.get(request.model) or admission.catalogue.model()
    known = request.model in models
    values: dict[str, OptionValue] = {"model": model.name}
    for option in admission.table:
        own = option.required or option.default is not None or option.bounds is not None
        if (own or known) and option.name != "model" and option.is_for(model):
            value = _value(option, request, admission, model)
            if value is not None:
                values[option.name] = value
    found = Options(**values)
    admission.admit(found, picture="", size=(1, 1), seed=0)
    return found


def _request(comment: str) -> GenerationRequest:
    """Return the request in a comment; raise BadRequest."""
    try:
        whole = json.loads(comment)
        parameters = whole["mutoscope"]
        known = {name: parameters[name] for name in parameters if name in _KNOWN}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadRequest("request_no_settings") from error
    try:
        return decode(GenerationRequest, known)
    except CodecError as error:
        raise BadRequest("request_settings_unreadable") from error


def _value(
    option: Option, request: GenerationRequest, admission: Admission, model: Model
) -> OptionValue | None:
    """Return an option's value in a request; None where it has none that is offered."""
    value = option.value_in(request, model)
    try:
        value = None if value is None else option.parse(value)
    except (TypeError, ValueError):
        return None
    bounds, offered = admission.bounds(option, model), admission.choices(option, model)
    if isinstance(value, str):
        long = option.max_length is not None and len(value) > option.max_length
        return None if long or (option.offers is not None and value not in offered) else value
    return value if bounds is None or value is None or value in bounds else None
