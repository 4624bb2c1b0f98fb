"""What a clip's file claims of its origin: an algorithm made it, of which pictures or clip.

The words are those of C2PA 2.2 and of IPTC's digital source types. A picture is named by its hash
alone; a prompt only where the operator says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from storage.clip_comment import comment_of
from storage.clip_shape import container_of
from storage.domain.clip import Container
from storage.domain.finish import Finish
from storage.domain.models.served_model import ServedModel
from storage.domain.request import GenerationRequest

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
FROM_WORDS = SOURCE_TYPES + "trainedAlgorithmicMedia"
FROM_A_PICTURE = SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
MIME = {
    Container.MP4: "video/mp4",
    Container.GIF: "image/gif",
    Container.WEBP: "image/webp",
}
SOURCE = "source"
"""The label of the clip that another one is made of, among its ingredients."""

_OWN_COMMENT = "mutoscope"


@dataclass(frozen=True, slots=True)
class ClaimMaker:
    """What is the same in all claims of one worker: its version, its model, what it may tell."""

    version: str
    model: ServedModel
    with_prompt: bool = False

    def claim(self, request: GenerationRequest, source: bytes = b"") -> Claim:
        """Return the claim of a clip made by this request, of this other clip's file if any."""
        pictures = [_picture(key, number) for number, key in enumerate(_given(request))]
        actions = [_opened()] if source else []
        if request.generates:
            made = self._made(request, [one["label"] for one in pictures])
            actions.append({"action": "c2pa.edited" if source else "c2pa.created", **made})
        finish = request.finish if request.drafts is None else None
        if finish is not None and (finish.changes or not request.generates):
            actions.append(self._finished(request, finish, source))
        definition = {
            "claim_generator_info": [self._agent],
            "ingredients": pictures if request.generates else [],
            "assertions": [_assertion(actions)],
        }
        return Claim(definition, source)

    def _made(self, request: GenerationRequest, ingredients: list[str]) -> dict[str, Any]:
        """Return what is said of the action by which frames were made with a model."""
        source, _, revision = self.model.source.partition("@")
        parameters: dict[str, Any] = {
            "model": self.model.name,
            "modelSource": source,
            "modelVersion": revision or str(self.model.revision),
        }
        if request.made_by:
            parameters["pictureModel"] = request.made_by
        if ingredients:
            parameters["ingredientIds"] = ingredients
        if self.with_prompt:
            parameters["prompt"] = request.prompt
        return {
            "digitalSourceType": _source_type(request),
            "softwareAgent": self._agent,
            "parameters": parameters,
        }

    def _finished(
        self, request: GenerationRequest, finish: Finish, source: bytes
    ) -> dict[str, Any]:
        """Return the action by which frames that were there were changed or written anew."""
        action: dict[str, Any] = {"softwareAgent": self._agent}
        if finish.changes:
            action |= {"action": "c2pa.edited", "parameters": finish.changes}
        else:
            action["action"] = "c2pa.transcoded"
        if request.generates or _is_own(source) or finish.upscale > 1:
            action["digitalSourceType"] = _source_type(request)
        return action

    @property
    def _agent(self) -> dict[str, str]:
        return {"name": "Mutoscope", "version": self.version}


@dataclass(frozen=True, slots=True)
class Claim:
    """C2PA's definition of a manifest, and the file of the clip that is its parent, if any."""

    definition: Mapping[str, Any]
    source: bytes = b""

    @property
    def parent(self) -> dict[str, str]:
        """Return how the parent is named among the ingredients."""
        return {
            "title": "clip",
            "label": SOURCE,
            "instance_id": f"sha256:{sha256(self.source).hexdigest()}",
            "relationship": "parentOf",
        }

    @property
    def by_hash(self) -> Claim:
        """Return the same claim without the parent's own credentials."""
        ingredients = [*self.definition["ingredients"], self.parent]
        return Claim({**self.definition, "ingredients": ingredients})

    @property
    def parent_type(self) -> str:
        """Return the parent's MIME type."""
        return MIME[container_of(self.source)]


def _assertion(actions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"label": "c2pa.actions.v2", "data": {"actions": actions}}


_CREATED = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPES + "algorithmicMedia"}
NOTHING = Claim({"assertions": [_assertion([_CREATED])]})
"""The least that a file can claim."""


def _given(request: GenerationRequest) -> Iterator[str]:
    """Yield the keys of the pictures that a person gave."""
    if not request.made_by:
        yield request.picture
    if request.end_picture:
        yield request.end_picture


def _source_type(request: GenerationRequest) -> str:
    return FROM_A_PICTURE if any(_given(request)) else FROM_WORDS


def _picture(key: str, number: int) -> dict[str, str]:
    """Return a picture as an ingredient: its sha256, and nothing else of it."""
    return {
        "title": "picture",
        "label": f"picture-{number}",
        "instance_id": f"sha256:{key}",
        "relationship": "inputTo",
    }


def _opened() -> dict[str, Any]:
    return {"action": "c2pa.opened", "parameters": {"ingredientIds": [SOURCE]}}


def _is_own(clip: bytes) -> bool:
    """Tell whether a clip was made here, and not by a camera, say."""
    try:
        return _OWN_COMMENT in json.loads(comment_of(clip))
    except (ValueError, TypeError, RecursionError):
        return False
