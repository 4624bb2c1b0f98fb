"""Reads what a file's credentials say, and whether they are valid."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import c2pa

from storage.credentials.settings import SETTINGS

UNTRUSTED = "signingCredential.untrusted"
"""The one fault that leaves credentials valid: no trust list names their issuer."""


class UnreadableCredentials(ValueError):
    """The file is of no kind that can be read, or is damaged."""


@dataclass(frozen=True, slots=True)
class ClaimedAction:
    """One step by which a file was made: C2PA's name of it, the program, and its parameters.

    source_type is IPTC's digital source type, empty where none is given.
    """

    name: str
    source_type: str
    agent: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClaimedIngredient:
    """A file that went into another: its title, how, its id, and if it has credentials itself."""

    title: str
    relationship: str
    id: str
    credentials: bool


@dataclass(frozen=True, slots=True)
class FileCredentials:
    """What a file says of itself.

    valid: it was signed, and not a byte has changed since; trusted: a trust list that was given
    names the issuer. faults are C2PA's codes of what makes it invalid.
    """

    valid: bool
    trusted: bool
    issuer: str
    generator: str
    actions: tuple[ClaimedAction, ...]
    ingredients: tuple[ClaimedIngredient, ...]
    faults: tuple[str, ...]


def read_credentials(data: bytes, anchors: str = "") -> FileCredentials | None:
    """Return the credentials of a file, None where it has none.

    anchors are certificates (PEM) of the issuers that are trusted. Raise UnreadableCredentials.
    """
    settings = {**SETTINGS, "trust": {"user_anchors": anchors}} if anchors else SETTINGS
    try:
        with c2pa.Context.from_dict(settings) as context:
            reader = c2pa.Reader.try_create(None, io.BytesIO(data), None, context)
            if reader is None:
                return None
            with reader:
                return _credentials(json.loads(reader.json()))
    except (c2pa.C2paError, ValueError) as error:
        raise UnreadableCredentials(str(error)) from error
    except (AttributeError, KeyError, TypeError) as error:
        raise UnreadableCredentials("its credentials are of a form that is not known") from error


def _credentials(store: Mapping[str, Any]) -> FileCredentials:
    """Return what the newest manifest of a store says."""
    manifest = store["manifests"][store["active_manifest"]]
    found = store["validation_results"]["activeManifest"]["failure"]
    state = store["validation_state"]
    return FileCredentials(
        valid=state in ("Valid", "Trusted"),
        trusted=state == "Trusted",
        issuer=manifest.get("signature_info", {}).get("issuer", ""),
        generator=_agent((manifest.get("claim_generator_info") or [{}])[0]),
        actions=tuple(_actions(manifest)),
        ingredients=tuple(map(_ingredient, manifest.get("ingredients", ()))),
        faults=tuple(dict.fromkeys(one["code"] for one in found if one["code"] != UNTRUSTED)),
    )


def _actions(manifest: Mapping[str, Any]) -> Iterator[ClaimedAction]:
    for assertion in manifest.get("assertions", ()):
        if not assertion["label"].startswith("c2pa.actions"):
            continue
        for action in assertion["data"].get("actions", ()):
            parameters = action.get("parameters") or {}
            yield ClaimedAction(
                action["action"],
                action.get("digitalSourceType", "").rpartition("/")[2],
                _agent(action.get("softwareAgent", "")),
                tuple(
                    (name, str(value))
                    for name, value in sorted(parameters.items())
                    if not name.startswith("ingredient")
                ),
            )


def _ingredient(one: Mapping[str, Any]) -> ClaimedIngredient:
    return ClaimedIngredient(
        one.get("title", ""),
        one.get("relationship", ""),
        one.get("instance_id", ""),
        "active_manifest" in one,
    )


def _agent(named: str | Mapping[str, Any]) -> str:
    """Return a program's name and version."""
    if isinstance(named, str):
        return named
    return " ".join(filter(None, (named.get("name", ""), named.get("version", ""))))
