"""JSON codec for the domain's frozen dataclasses, strict in both directions.

Whatever is read, at any depth, has exactly the declared keys and types. A field with a default may
be missing, so that rows written before the field existed stay readable. An int is read where a
float is declared; nothing else is converted.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, NewType, TypeVar, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

Value = TypeVar("Value")

CONFIG = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

_WITHOUT_INPUT = {"missing": "missing", "unexpected_keyword_argument": "unknown", "value_error": ""}
"""Pydantic's types of faults whose input says nothing, and words where its own are no help."""


class CodecError(ValueError):
    """The data do not describe the expected value; the message names the place and the fault."""


def encode(value: object) -> Any:
    """Return the value as what JSON knows: dict, list, str, int, float, bool or None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: encode(item)
            for field in fields(value)
            if (item := getattr(value, field.name)) != field.default
            or "sparse" not in field.metadata
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise CodecError(f"{value} has no place in JSON")
    if value is None or isinstance(value, str | int | float):
        return value
    raise CodecError(f"a {type(value).__name__} cannot be encoded")


def dumps(value: object) -> str:
    """Return the value as one line of JSON."""
    return json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def decode(kind: type[Value], data: object) -> Value:
    """Return the value of this type that parsed JSON describes; raise CodecError."""
    try:
        return loads(kind, json.dumps(data))
    except (TypeError, ValueError, RecursionError) as error:
        if isinstance(error, CodecError):
            raise
        raise CodecError(f"{kind.__name__}: not JSON: {error}") from error


def loads(kind: type[Value], text: str | bytes) -> Value:
    """Return the value of this type that the JSON text describes; raise CodecError."""
    try:
        return cast(Value, _adapter(cast(type, kind)).validate_json(text))
    except ValidationError as error:
        raise CodecError(_first_fault(kind.__name__, error)) from error
    except UnicodeError as error:
        raise CodecError(f"{kind.__name__}: not Unicode: {error}") from error


def build(kind: type[Value], values: Mapping[str, object]) -> Value:
    """Return the dataclass with these fields, of exactly the declared types; raise CodecError.

    A field whose type is a dataclass or an enum is given as that type.
    """
    for name, value in values.items():
        if isinstance(value, str) and not value.isascii() and not _is_unicode(value):
            raise CodecError(f"{name}: not Unicode")
    try:
        return kind(**vars(_model(cast(type, kind)).model_validate(values)))
    except ValidationError as error:
        raise CodecError(_first_fault(kind.__name__, error)) from error


def _is_unicode(text: str) -> bool:
    """Tell whether a string has no lone surrogates, which nothing outside Python can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    # A bare dataclass takes no config; behind a NewType it does, and all that it contains.
    return TypeAdapter(cast(Any, NewType)(kind.__name__, kind), config=CONFIG)


@cache
def _model(kind: type) -> type[BaseModel]:
    # Pydantic takes no dict for a strict dataclass, but for a strict model.
    fields: dict[str, Any] = {name: (hint, ...) for name, hint in get_type_hints(kind).items()}
    return create_model(kind.__name__, __config__=CONFIG, **fields)


def _first_fault(name: str, error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = ascii(".".join(map(str, fault["loc"])))[1:-1][:80] or name
    if fault["type"] in _WITHOUT_INPUT:
        return f"{place}: {_WITHOUT_INPUT[fault['type']] or fault['msg']}"
    return f"{place}: {fault['msg']}, not {_shown(fault['input'])}"


def _shown(value: object) -> str:
    """Return the start of the value's repr in ASCII, or its type where it has none."""
    try:
        return ascii(value)[:60]
    except (ValueError, RecursionError):  # an int of thousands of digits, or deep nesting
        return f"this {type(value).__name__}"
