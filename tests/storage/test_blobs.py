"""Blobs are stored by content, and missing ones are KeyErrors."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from storage.blobs import Blobs, place_of
from storage.domain.errors import Unavailable
from storage.settings import SettingsError


@pytest.fixture(params=["file", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "s3":
        return Blobs.open(request.getfixturevalue("s3_url"))
    url = f"file://{tmp_path}/deep/blobs" if request.param == "file" else "memory:///"
    return Blobs.open(url)


async def test_bytes_come_back_under_their_sha256(blobs: Blobs) -> None:
    key = await blobs.put(b"picture")
    assert key == hashlib.sha256(b"picture").hexdigest()
    assert await blobs.get(key) == b"picture"
    assert await blobs.size(key) == len(b"picture")


async def test_the_same_bytes_have_one_key(blobs: Blobs) -> None:
    assert await blobs.put(b"same") == await blobs.put(b"same")


async def test_a_large_blob_comes_back_whole(blobs: Blobs) -> None:
    data = bytes(range(256)) * 16_384
    assert await blobs.get(await blobs.put(data)) == data


async def test_a_missing_key_is_a_key_error(blobs: Blobs) -> None:
    absent = "0" * 64
    assert not await blobs.has(absent)
    with pytest.raises(KeyError):
        await blobs.get(absent)
    with pytest.raises(KeyError):
        await blobs.size(absent)


async def test_a_deleted_blob_is_gone(blobs: Blobs) -> None:
    key = await blobs.put(b"gone soon")
    await blobs.delete(key)
    await blobs.delete(key)
    assert not await blobs.has(key)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
async def test_a_forged_key_is_a_key_error(blobs: Blobs, key: str) -> None:
    with pytest.raises(KeyError):
        await blobs.get(key)
    assert not await blobs.has(key)


async def test_a_store_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    blobs = Blobs.open(f"file://{tmp_path}")
    key = hashlib.sha256(b"blocked").hexdigest()
    (tmp_path / key[:2]).write_text("a file where a folder should be")
    with pytest.raises(Unavailable) as caught:
        await blobs.put(b"blocked")
    assert caught.value.key == "unavailable_storage"


async def test_a_bucket_that_is_gone_is_unavailable(s3_settings: dict[str, str]) -> None:
    blobs = Blobs.open("s3://nowhere")
    with pytest.raises(Unavailable) as caught:
        await blobs.put(b"lost")
    assert caught.value.key == "unavailable_storage"
    with pytest.raises(SettingsError, match="no such bucket"):
        await blobs.check("s3://nowhere")


async def test_a_store_that_is_away_is_logged_and_waited_for(
    s3_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    await Blobs.open("s3://clips").check("s3://clips")
    assert "the store at s3://clips could not be checked" in caplog.text


async def test_a_relative_folder_is_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    key = await Blobs.open("file://./blobs").put(b"here")
    assert (tmp_path / "blobs" / key[:2] / key).read_bytes() == b"here"


@pytest.mark.parametrize("name", ["a b", "60% #?", "a%20b", "new\nline", "caf\udce9"])
async def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    blobs = Blobs.open("file://" + quote(os.fsencode(folder)))
    assert await blobs.get(await blobs.put(b"picture")) == b"picture"
    assert any(folder.iterdir())


@pytest.mark.parametrize("path", ["/a b", "/60% #?x"])
def test_a_path_may_be_written_as_it_is(tmp_path: Path, path: str) -> None:
    Blobs.open(f"file://{tmp_path}{path}")
    assert Path(f"{tmp_path}{path}").is_dir()


@pytest.mark.parametrize(
    "url", ["/data", "file://", "s3://", "file:///dev/null", "file:///dev/null/x", "odd://x"]
)
def test_a_wrong_url_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="BLOB_URL"):
        Blobs.open(url)


def test_a_place_shows_no_credentials() -> None:
    assert place_of("s3://key:geheim@bucket/folder?token=geheim") == "bucket/folder"


async def test_blobs_are_listed_with_their_sizes_and_ages(blobs: Blobs) -> None:
    before = time.time() - 5
    key = await blobs.put(b"listed")
    [found] = [one for one in await blobs.listed(key[:2]) if one.key == key]
    assert found.size == 6
    assert before < found.modified < time.time() + 5
    other = f"{(int(key[:2], 16) + 1) % 256:02x}"
    assert key not in {one.key for one in await blobs.listed(other)}
