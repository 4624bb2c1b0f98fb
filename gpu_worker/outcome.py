"""Turns a result into a clip, and an error into a failure."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

from gpu_worker.encoding import EncodedClip
from gpu_worker.engine.api import Cancelled, OutOfMemory, Result
from gpu_worker.engine.connection import EngineDied, NotLoaded
from gpu_worker.media.clips.clip_parts import listed, with_view
from storage.codec import encode
from storage.domain.camera.motion import Motion
from storage.domain.clip import Adjustment, Clip, Failure
from storage.domain.errors import MutoscopeError, Unavailable
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order

log = logging.getLogger(__name__)


def clip_of(
    request: GenerationRequest,
    result: Result,
    made: EncodedClip,
    *,
    blob: str,
    poster: str,
) -> Clip:
    """Return the clip whose file and first frame lie under these keys; it names no worker yet."""
    adjustments, encoded = result.adjustments, made.encoded
    if encoded.shrunk:
        size = (("width", str(encoded.width)), ("height", str(encoded.height)))
        adjustments += (Adjustment("adjusted_to_size_limit", size),)
    finish = None if result.candidates else request.finish
    backwards = finish is not None and finish.reverse
    return Clip(
        blob=blob,
        poster=poster,
        container=request.container,
        width=encoded.width,
        height=encoded.height,
        frames=made.frames,
        fps=made.fps,
        seed=result.seed,
        motion=result.motion.opposite if backwards else result.motion,
        bytes=len(encoded.data),
        seconds=result.seconds if request.generates else made.seconds,
        adjustments=adjustments,
        scores=result.scores,
        candidates=result.candidates,
    )


def failure_of(error: Exception, order: Order) -> Failure:
    """Return the failure that the person sees, and log the error for the operator."""
    failure = Failure("failed_worker_error", retryable=True)
    match error:
        case Cancelled():
            return Failure("failed_cancelled", cancelled=True)
        case OutOfMemory() | MemoryError():
            failure = Failure("failed_out_of_memory")
        case EngineDied() | Unavailable():
            pass
        case NotLoaded():
            failure = Failure("failed_model_missing", retryable=True)
        case MutoscopeError():
            gaps = tuple((name, str(value)) for name, value in error.parameters.items())
            log.warning("attempt %d is refused: %s", order.attempt, error, exc_info=error.__cause__)
            return Failure(error.key, gaps)
    log.error("attempt %d failed: %s", order.attempt, failure.key, exc_info=error)
    return failure


def metadata(request: GenerationRequest, result: Result) -> dict[str, str]:
    """Return the file's tags, from which alone the clip can be made again."""
    parameters = encode(replace(request, reading=None, content_limit=0.0))
    if not result.candidates:
        parameters |= {"seed": result.seed, "candidates": 1}
        parameters.pop("drafts", None)
    parameters["resolved_motion"] = result.motion.value
    if not request.generates:
        del parameters["source"]  # the other parameters make it, and then finish it
    turned = request.finish is not None and (request.finish.reverse or request.finish.loop)
    view = None if turned else result.view
    facts = {"mutoscope": parameters, **listed(result.parts), **with_view(view)}
    comment = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return {"title": " ".join(request.prompt.split()), "comment": comment}


def source_motion(request: GenerationRequest) -> Motion:
    """Return the camera motion of the source whose frames a request finishes."""
    return request.camera.motion if request.reading is None else request.reading.motion
