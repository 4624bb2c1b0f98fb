"""Checks recorded traffic against Discord's own description of its API."""

import json
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from deploy.local.discord import Json

REPOSITORY = Path(__file__).parents[3]
MULTIPART_FILES = range(10)
# What discord.py 2.7.1 sends or Discord gives, although the description does not list it.
UNLISTED = {
    "ApplicationCommandCreateRequest": {"nsfw": {"type": "boolean"}},
    "ApplicationCommandUpdateRequest": {"nsfw": {"type": "boolean"}},
    "RichEmbed": {"flags": {"type": "integer"}},
    "MessageEditRequestPartial": {"tts": {"type": "boolean"}},
    "IncomingWebhookUpdateRequestPartial": {"tts": {"type": "boolean"}},
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial": {"tts": {"type": "boolean"}},
}
RENAMED = {"GuildUpdate": "GuildModify"}
"""Events that the description has under another name."""


def find_description() -> Path | None:
    """Return the folder with openapi.json and gateway.schema.json, or None."""
    named = os.environ.get("DISCORD_SPEC")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "discord"
    return folder if (folder / "openapi.json").is_file() else None


class ConformanceChecker:
    """Finds what is wrong with recorded exchanges and events."""

    def __init__(self, folder: Path) -> None:
        self._api: Json = json.loads((folder / "openapi.json").read_text("utf-8"))
        events: Json = json.loads((folder / "gateway.schema.json").read_text("utf-8"))
        _allow(self._api)
        _close(self._api)
        self._events = _loosen_events(events)
        self._registry: Registry[Any] = Registry().with_resource(
            "urn:api", Resource.opaque(self._api)
        )
        self._paths = [
            (_pattern(path), path) for path in sorted(self._api["paths"], key=_by_parameters)
        ]
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, entries: list[Json]) -> list[str]:
        """Return every fault in these entries, as text."""
        found = []
        for entry in entries:
            event = entry["kind"] == "event"
            faults = self._event(entry) if event else self._exchange(entry)
            name = entry["event"] if event else f"{entry['method']} {entry['path']}"
            found += [f"{name}: {fault}" for fault in faults]
        return found

    def _event(self, entry: Json) -> Iterator[str]:
        name = "".join(part.capitalize() for part in entry["event"].split("_"))
        name = RENAMED.get(name, name)
        wanted = f"Gateway{name}DispatchData"
        if wanted not in self._events["definitions"]:
            if entry["event"] != "RESUMED":
                yield "Discord has no such event"
            return
        schema = {"$ref": f"#/definitions/{wanted}", "definitions": self._events["definitions"]}
        yield from _explain(Draft7Validator(schema).iter_errors(entry["data"]))

    def _exchange(self, entry: Json) -> Iterator[str]:
        path = entry["path"].split("?")[0]
        found = next((known for pattern, known in self._paths if pattern.fullmatch(path)), None)
        operation = self._api["paths"].get(found, {}).get(entry["method"].lower())
        if operation is None:
            if entry["status"] not in (404, 405):
                yield "Discord has no such route"
            return
        yield from self._files(entry)
        pointer = f"/paths/{_escape(found or '')}/{entry['method'].lower()}"
        if entry["request"] is not None and entry["status"] < 400:
            where = f"{pointer}/requestBody/content/application~1json/schema"
            yield from (f"request {fault}" for fault in self._check(where, entry["request"]))
        yield from (f"answer {fault}" for fault in self._answer(entry, operation, pointer))

    def _files(self, entry: Json) -> Iterator[str]:
        body = entry["request"] if isinstance(entry["request"], dict) else {}
        message = body.get("data") or body
        listed = {str(part["id"]) for part in message.get("attachments") or []}
        for number in entry["files"]:
            if number not in MULTIPART_FILES or str(number) not in listed:
                yield f"files[{number}] matches no attachment"

    def _answer(self, entry: Json, operation: Json, pointer: str) -> Iterator[str]:
        status, answers = entry["status"], operation["responses"]
        if status >= 400:
            name = "RatelimitedResponse" if status == 429 else "ErrorResponse"
            yield from self._check(f"/components/schemas/{name}", entry["answer"])
        elif str(status) not in answers:
            yield f"status {status} is not among {sorted(answers)}"
        elif "content" in answers[str(status)]:
            where = f"{pointer}/responses/{status}/content/application~1json/schema"
            yield from self._check(where, entry["answer"])
        elif entry["answer"] is not None:
            yield "there should be no body"

    def _check(self, pointer: str, value: object) -> Iterator[str]:
        if pointer not in self._validators:
            schema = {"$ref": f"urn:api#{pointer}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        yield from _explain(self._validators[pointer].iter_errors(value))


def read_wire_log(path: Path) -> list[Json]:
    """Return the entries of a WireLog's file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _by_parameters(path: str) -> tuple[int, str]:
    return path.count("{"), path


@lru_cache
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _escape(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _allow(api: Json) -> None:
    """Allow what Discord really sends: integer snowflakes, and error codes that are words."""
    schemas = api["components"]["schemas"]
    schemas["SnowflakeType"] = {"type": ["string", "integer"]}
    errors = schemas["InnerErrors"]["properties"]["_errors"]
    errors["items"] = {
        "type": "object",
        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        "required": ["code", "message"],
    }


def _close(api: Json) -> None:
    """Forbid unknown keys, except in parts of an allOf, each of which describes some keys only."""
    schemas = api["components"]["schemas"]
    for name, extra in UNLISTED.items():
        if name in schemas:
            schemas[name].setdefault("properties", {}).update(extra)
    parts: set[int] = set()
    for node in _nodes(api):
        for part in node.get("allOf") or []:
            name = part.get("$ref", "").rpartition("/")[2]
            parts.add(id(schemas.get(name, part)))
    for node in list(_nodes(api)):
        plain = isinstance(node.get("properties"), dict) and node.get("type") == "object"
        if plain and id(node) not in parts:
            node.setdefault("additionalProperties", False)


def _loosen_events(schema: Json) -> Json:
    """Allow flags of any bits, and intersections whose parts do not forbid each other's keys.

    What a forward holds is described as a map of objects, and is none.
    """
    for name in schema["definitions"]:
        if name.endswith("Flags"):
            schema["definitions"][name] = {"type": "integer"}
    for node in _nodes(schema):
        if node.get("additionalProperties") is False:
            del node["additionalProperties"]
        if "message_snapshots" in (node.get("properties") or {}):
            node["properties"]["message_snapshots"] = {}
    return schema


def _nodes(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def _explain(errors: Iterator[ValidationError]) -> Iterator[str]:
    for error in errors:
        leaf = _leaf(error)
        yield f"{leaf.json_path}: {leaf.message[:300]}"


def _leaf(error: ValidationError) -> ValidationError:
    """Return the error in the branch of a union that fits best, preferably by its `type`."""
    if not error.context:
        return error
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)

    def mismatch(faults: list[ValidationError]) -> tuple[bool, int]:
        ends = [list(_leaf(fault).absolute_path)[-1:] for fault in faults]
        return ["type"] in ends, len(faults)

    return _leaf(min(branches.values(), key=mismatch)[0])
