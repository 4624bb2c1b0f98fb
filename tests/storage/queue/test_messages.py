"""Every message carries its version, and one of another version is refused whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.codec import CodecError
from storage.domain.clip import Clip, Failure
from storage.domain.progress import Progress, Stage
from storage.queue.messages.events import (
    Changed,
    Ended,
    Forgotten,
    Progressed,
    Started,
    read_change,
    read_event,
    read_forgotten,
    write_change,
    write_event,
    write_forgotten,
)
from storage.queue.messages.orders import Order, read_order, write_order
from storage.queue.messages.outcomes import FinishedSegment, read_outcome, write_outcome
from storage.queue.messages.wire import VERSION, WrongVersion
from tests.support.examples import CLIP, REQUEST

ORDER = Order("job", 1, REQUEST, 10_000_000)
PROGRESS = Progressed("job", 1, Progress(Stage.DENOISING, 3, 8, eta=2.5))
MESSAGES: list[tuple[object, Callable[..., str], Callable[..., object]]] = [
    (ORDER, write_order, read_order),
    (Started("job", 1, "worker", 5.0), write_event, read_event),
    (PROGRESS, write_event, read_event),
    (Ended("job", 1), write_event, read_event),
    (Changed("job", "process"), write_change, read_change),
    (Forgotten("web:ada", 5.0), write_forgotten, read_forgotten),
    (CLIP, write_outcome, read_outcome),
    (Failure("failed_encoding", (("a", "镜头"),)), write_outcome, read_outcome),
]
every_message = pytest.mark.parametrize(
    ("message", "write", "read"), MESSAGES, ids=[type(message).__name__ for message, *_ in MESSAGES]
)


@every_message
def test_a_message_comes_back_as_it_was(
    message: object, write: Callable[..., str], read: Callable[..., object]
) -> None:
    assert read(write(message)) == message


@every_message
@pytest.mark.parametrize("version", [0, 1, VERSION + 1, None, "2", True, 2.0])
def test_a_message_of_another_version_is_refused_whole_and_both_are_named(
    message: object, write: Callable[..., str], read: Callable[..., object], version: object
) -> None:
    data = json.loads(write(message)) | {"version": version}
    with pytest.raises(WrongVersion, match=f"version {version}, .* reads version {VERSION}"):
        read(json.dumps(data))


@every_message
def test_what_another_version_added_or_left_out_is_not_looked_at(
    message: object, write: Callable[..., str], read: Callable[..., object]
) -> None:
    with pytest.raises(WrongVersion):
        read(json.dumps({"version": VERSION + 1, "later": []}))


def test_a_message_without_a_version_is_older_than_the_first() -> None:
    with pytest.raises(WrongVersion, match="version 0"):
        read_event('{"event": "ended", "job": "a", "attempt": 1}')


@pytest.mark.parametrize(
    "read", [read_order, read_event, read_change, read_forgotten, read_outcome]
)
@pytest.mark.parametrize(
    "text",
    ["", "nothing", "[]", "1", "[" * 100_000, '{"version": 2}', '{"version": 2, "event": []}'],
)
def test_anything_else_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(CodecError) as caught:
        read(text)
    assert not isinstance(caught.value, WrongVersion)


SURROGATES = st.text(st.characters(codec=None), max_size=20)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | SURROGATES | st.just(10**4000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SURROGATES, inner, max_size=3),
    max_leaves=6,
)


def places(data: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths of all values of parsed JSON."""
    yield path
    for key, value in data.items() if isinstance(data, dict) else ():
        yield from places(value, (*path, key))


def with_odd_value(data: Any, path: tuple[Any, ...], odd: object) -> Any:
    """Return the parsed JSON with another value at this path."""
    return {**data, path[0]: with_odd_value(data[path[0]], path[1:], odd)} if path else odd


@every_message
@given(draw=st.data())
def test_one_odd_value_anywhere_is_refused_or_harmless(
    message: object,
    write: Callable[..., str],
    read: Callable[[object], object],
    draw: st.DataObject,
) -> None:
    data = json.loads(write(message))
    path = draw.draw(st.sampled_from([*places(data)]))
    try:
        found = read(json.dumps(with_odd_value(data, path, draw.draw(ODD))))
    except CodecError as error:
        assert str(error).isprintable()
        str(error).encode()
    else:
        assert read(write(found).encode()) == found


@pytest.mark.parametrize("read", [read_order, read_event, read_change, read_outcome])
@given(text=st.binary(max_size=200) | SURROGATES | ODD)
def test_arbitrary_bytes_are_refused(read: Callable[[object], object], text: object) -> None:
    with pytest.raises(CodecError):
        read(text)


@pytest.mark.parametrize(
    "damage",
    [
        {"bytes": 10**400},
        {"seed": -1},
        {"blob": "../../etc/passwd"},
        {"blob": ""},
        {"poster": "a"},
        {"seconds": -1.0},
        {"width": 0},
        {"worker": "w" * 10**6},
        {"scores": [["a.b", 0.5]]},
        {"scores": [["a", 0.5]] * 10**4},
        {"adjustments": [{"key": "{0.__class__}", "parameters": []}]},
        {"adjustments": [{"key": "a", "parameters": [["a", "b" * 10**6]]}]},
    ],
    ids=lambda damage: next(iter(damage)),
)
def test_a_clip_that_no_worker_makes_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(CodecError):
        read_outcome(json.dumps(json.loads(write_outcome(CLIP)) | damage))


WRITTEN = {
    Order: "job attempt request.picture request.prompt request.model request.width request.height "
    "request.frames request.fps request.steps request.guidance request.seed "
    "request.negative_prompt request.preset request.camera.motion request.camera.speed "
    "request.camera.strength request.camera.keyframes request.candidates request.container "
    "request.reading request.extra request.denoised request.depth_model request.source "
    "request.finish request.segments request.stopped_after request.drafts request.end_picture "
    "request.style request.text_to_image request.content_limit "
    "request.picture_model size_limit",
    Started: "job attempt worker at",
    Progressed: "job attempt progress.stage progress.step progress.steps progress.eta "
    "progress.preview progress.segment progress.segments",
    Ended: "job attempt",
    Changed: "job process",
    Forgotten: "owner asked",
    Clip: "blob poster container width height frames fps seed motion bytes seconds worker "
    "adjustments scores candidates made_with picture content_score",
    Failure: "key parameters retryable cancelled",
    FinishedSegment: "made_from blob last frames seed motion seconds adjustments scores view",
}


def paths(kind: Any, prefix: str = "") -> Iterator[str]:
    """Yield the names of all fields, those of nested values behind a dot."""
    for name, hint in get_type_hints(kind).items():
        if is_dataclass(hint):
            yield from paths(hint, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_fields_change_only_with_the_version() -> None:
    """Where this fails: raise VERSION, unless it was raised since the last release, and WRITTEN."""
    assert VERSION == 2
    assert {kind: " ".join(paths(kind)) for kind in WRITTEN} == WRITTEN
