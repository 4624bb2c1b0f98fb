"""Codec: the frozen values of the domain as JSON, and back again without trust.

Strict in both directions: an unknown key, a missing one whose field has no default (rows written
before the field existed stay readable), a wrong type, a number that JSON cannot hold or a value
that the domain refuses raises CodecError. Nothing that is read can run code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from storage.domain.errors import MutoscopeError

Value = TypeVar("Value")


class CodecError(ValueError):
    """The data do not describe the value that was expected."""


def encode(value: object) -> Any:
    """Return the value as what JSON knows: dict, list, str, int, float, bool or None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise CodecError(f"{value} has no place in JSON")
    if value is None or isinstance(value, str | int | float):
        return value
    raise CodecError(f"a {type(value).__name__} cannot be encoded")


def decode(kind: type[Value], data: object) -> Value:
    """Return the value of this kind that the data describe; raise CodecError."""
    return cast(Value, _decode(kind, data, kind.__name__))


def dumps(value: object) -> str:
    """Return the value as one line of JSON."""
    return json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(kind: type[Value], text: str | bytes) -> Value:
    """Return the value of this kind that the JSON text describes; raise CodecError."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CodecError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise CodecError("nested too deeply") from error
    return decode(kind, data)


def _decode(kind: Any, data: object, where: str) -> object:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _union(kind, data, where)
    if origin is tuple:
        return _tuple(get_args(kind), data, where)
    if is_dataclass(kind):
        return _dataclass(cast(type, kind), data, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind, data, where)
    return _plain(kind, data, where)


def _union(kind: Any, data: object, where: str) -> object:
    if data is None and NoneType in get_args(kind):
        return None
    (rest,) = (part for part in get_args(kind) if part is not NoneType)
    return _decode(rest, data, where)


def _tuple(parts: tuple[Any, ...], data: object, where: str) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise CodecError(f"{where}: a list was expected, not {data!r}")
    if parts[-1] is Ellipsis:
        parts = (parts[0],) * len(data)
    if len(parts) != len(data):
        raise CodecError(f"{where}: {len(parts)} items were expected, not {len(data)}")
    return tuple(
        _decode(part, item, f"{where}[{index}]")
        for index, (part, item) in enumerate(zip(parts, data, strict=True))
    )


def _dataclass(kind: type, data: object, where: str) -> object:
    if not isinstance(data, Mapping):
        raise CodecError(f"{where}: an object was expected, not {data!r}")
    hints, required = _fields(kind)
    if unknown := data.keys() - hints.keys():
        raise CodecError(f"{where}: unknown {sorted(map(str, unknown))}")
    if missing := required - data.keys():
        raise CodecError(f"{where}: missing {sorted(missing)}")
    values = {name: _decode(hints[name], data[name], f"{where}.{name}") for name in data}
    try:
        return kind(**values)
    except MutoscopeError as error:
        raise CodecError(f"{where}: {error.key}") from error


@cache
def _fields(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the types of a dataclass's fields by name, and the names that have no default."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    required = frozenset(
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    )
    return {name: hints[name] for name in names}, required


def _enum(kind: type[Enum], data: object, where: str) -> Enum:
    try:
        return kind(data)
    except ValueError as error:
        raise CodecError(f"{where}: {data!r} is none of {[item.value for item in kind]}") from error


def _plain(kind: Any, data: object, where: str) -> object:
    if kind is float and type(data) in (int, float):
        number = float(cast(float, data))
        if math.isfinite(number):
            return number
    elif kind in (str, int, bool) and type(data) is kind:
        return data
    raise CodecError(f"{where}: {kind.__name__} was expected, not {data!r}")
