"""Files with credentials: valid as they are, invalid once a frame is changed, within the limit."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest

from gpu_worker.media.encode import TooLarge, encode
from storage.clip_comment import comment_of
from storage.clip_file import check_clip_file
from storage.clip_shape import read_shape
from storage.credentials.reading import read_credentials
from storage.domain.clip import Container
from tests.gpu_worker.media.test_encode import PLENTY, scene
from tests.support.credentials.signing import signer, valid_credentials
from tests.support.examples import REQUEST

FRAMES = scene(6, 192, 128)
FACTS = {"comment": '{"mutoscope": {"prompt": "a very secret lake"}}'}


def signed(container: Container, limit: int = PLENTY, source: bytes = b"") -> bytes:
    """Return a clip of a container with credentials, of at most so many bytes."""
    request = replace(REQUEST, container=container)
    sign = partial(signer().sign, request=request, source=source)
    return encode(FRAMES, 8, limit, FACTS, container, sign=sign).data


@pytest.mark.parametrize("container", Container)
def test_a_signed_file_is_the_clip_that_it_was(container: Container) -> None:
    bare = encode(FRAMES, 8, PLENTY, FACTS, container).data
    data = signed(container)
    valid_credentials(data)
    check_clip_file(data, container)
    assert read_shape(data) == read_shape(bare)
    assert comment_of(data) == comment_of(bare) == FACTS["comment"]
    assert 2500 < len(data) - len(bare) < 4000


@pytest.mark.parametrize(
    ("container", "fault"),
    [
        (Container.MP4, "assertion.bmffHash.mismatch"),
        (Container.GIF, "assertion.dataHash.mismatch"),
        (Container.WEBP, "assertion.dataHash.mismatch"),
    ],
)
def test_one_changed_byte_of_a_frame_makes_it_invalid(container: Container, fault: str) -> None:
    data, bare = signed(container), encode(FRAMES, 8, PLENTY, FACTS, container).data
    at = data.index(bare[len(bare) // 2 : len(bare) // 2 + 32])  # a frame's own bytes
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    found = read_credentials(changed)
    assert found is not None
    assert (found.valid, found.faults) == (False, (fault,))


def test_an_mp4_starts_playing_before_it_is_loaded() -> None:
    data = signed(Container.MP4)
    assert data.index(b"ftyp") < data.index(b"uuid") < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("container", Container)
def test_credentials_count_towards_the_size_limit(container: Container) -> None:
    limit = len(encode(FRAMES, 8, PLENTY, FACTS, container).data) + 100
    data = signed(container, limit)
    assert len(data) <= limit
    valid_credentials(data)


def test_a_limit_that_credentials_alone_exceed_is_too_small() -> None:
    with pytest.raises(TooLarge):
        signed(Container.MP4, 4000)


def test_the_claim_holds_no_prompt() -> None:
    data = encode(FRAMES, 8, PLENTY, {}).data
    request = replace(REQUEST, prompt="a very secret lake")
    assert b"secret" not in signer().sign(data, request, b"")
    told = signer(with_prompt=True).sign(data, request, b"")
    [action] = valid_credentials(told).actions
    assert ("prompt", "a very secret lake") in action.parameters


def test_a_parent_with_damaged_credentials_is_named_by_its_hash() -> None:
    source = signed(Container.MP4)
    at = source.index(b"jumdc2pa")  # the type of the store's first box
    damaged = source[:at] + b"jumx" + source[at + 4 :]
    [_, parent] = valid_credentials(signed(Container.MP4, source=damaged)).ingredients
    assert (parent.relationship, parent.credentials) == ("parentOf", False)
    assert parent.id == f"sha256:{sha256(damaged).hexdigest()}"


@pytest.mark.parametrize("container", Container)
def test_a_clip_names_the_clip_that_it_was_made_of(container: Container) -> None:
    source = signed(container)
    data = signed(Container.MP4, source=source)
    [picture, parent] = valid_credentials(data).ingredients
    assert (picture.relationship, picture.id) == ("inputTo", f"sha256:{REQUEST.picture}")
    assert (parent.relationship, parent.credentials) == ("parentOf", True)
    assert parent.id == f"sha256:{sha256(source).hexdigest()}"
    assert b"THUMB" not in data.upper()
