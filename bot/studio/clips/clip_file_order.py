"""The order that changes a clip which somebody has as a file."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

from storage.clip_comment import comment_of
from storage.clip_file import DamagedClip
from storage.clip_shape import ClipFileShape, read_shape
from storage.codec import CodecError, decode
from storage.domain.catalogue import Model
from storage.domain.clip import Container
from storage.domain.errors import BadPicture
from storage.domain.finish import Finish
from storage.domain.request import PROMPT_LIMIT, GenerationRequest


def request_of_file(
    data: bytes, title: str, model: Model, finish: Finish, container: Container | None = None
) -> GenerationRequest:
    """Return the order to finish a clip's file, which takes the place of the picture.

    What our own files tell of how they were made is kept. title is the prompt of any other. Without
    a container the file keeps its kind. Raise BadPicture where the file is no clip, BadRequest.
    """
    try:
        shape = read_shape(data)
    except DamagedClip as error:
        raise BadPicture("picture_no_clip") from error
    key = sha256(data).hexdigest()
    return replace(
        _made_by(data) or _unknown(title, shape, model),
        picture=key,
        source=key,
        model=model.name,
        width=shape.width,
        height=shape.height,
        frames=shape.frames,
        fps=shape.fps,
        candidates=1,
        container=container or shape.container,
        finish=finish,
    )


def _made_by(data: bytes) -> GenerationRequest | None:
    """Return the order by which one of our files was made, None for any other file."""
    try:
        facts = json.loads(comment_of(data))["mutoscope"]
        facts.pop("resolved_motion", None)
        return decode(GenerationRequest, facts)
    except (AttributeError, CodecError, KeyError, RecursionError, TypeError, ValueError):
        return None


def _unknown(title: str, shape: ClipFileShape, model: Model) -> GenerationRequest:
    key = "0" * 64
    frames = min(shape.frames, 2)
    prompt = title[:PROMPT_LIMIT].strip() or "clip"
    return model.request(
        (shape.width, shape.height), picture=key, prompt=prompt, seed=0, frames=frames
    )
