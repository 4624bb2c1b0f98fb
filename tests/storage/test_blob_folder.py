"""A blob is in its folder whole or not at all, for this user alone, and through no link."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.blob_folder import ABANDONED_SECONDS, INCOMING
from storage.blobs import Blobs
from storage.domain.errors import Unavailable
from storage.settings import SettingsError
from tests.storage.full_disk import full_disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> Blobs:
    return Blobs.open(f"file://{folder}")


def key_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def path_of(folder: Path, data: bytes) -> Path:
    return folder / key_of(data)[:2] / key_of(data)


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def modes(folder: Path) -> set[str]:
    return {stat.filemode(path.lstat().st_mode) for path in (folder, *folder.rglob("*"))}


async def test_files_and_folders_are_for_this_user_alone(blobs: Blobs, folder: Path) -> None:
    await blobs.put(b"private")
    assert modes(folder) == {"drwx------", "-rw-------"}
    os.chmod(folder, 0o755)  # noqa: PTH101  # as earlier versions made it
    Blobs.open(f"file://{folder}")
    assert modes(folder) == {"drwx------", "-rw-------"}


async def test_a_full_disk_leaves_nothing_half_written(blobs: Blobs, folder: Path) -> None:
    kept = await blobs.put(b"kept")
    with full_disk(50_000), pytest.raises(Unavailable) as caught:
        await blobs.put(b"large" * 20_000)
    assert caught.value.key == "unavailable_storage"
    assert files_in(folder) == [kept]
    assert await blobs.get(await blobs.put(b"large" * 20_000)) == b"large" * 20_000


async def test_what_is_there_needs_no_room(blobs: Blobs) -> None:
    key = await blobs.put(b"there already" * 10_000)
    with full_disk(10):
        assert await blobs.put(b"there already" * 10_000) == key


async def test_a_folder_that_cannot_be_written_is_still_read(
    blobs: Blobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await blobs.put(b"old")

    def read_only(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "rename", read_only)
    with pytest.raises(Unavailable):
        await blobs.put(b"new")
    assert await blobs.get(key) == b"old"
    assert list((folder / INCOMING).iterdir()) == []


@pytest.mark.parametrize("change", ["flipped", "shortened", "emptied"])
async def test_a_damaged_blob_counts_as_missing_until_it_is_put_again(
    blobs: Blobs, folder: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = b"a picture" * 1000
    key, path = await blobs.put(data), path_of(folder, data)
    path.write_bytes({"flipped": b"b" + data[1:], "shortened": data[:-1], "emptied": b""}[change])
    assert not await blobs.has(key)
    with pytest.raises(KeyError):
        await blobs.get(key)
    assert "is damaged" in caplog.text
    assert await blobs.put(data) == key
    assert await blobs.get(key) == data


async def test_no_link_is_followed(blobs: Blobs, folder: Path, tmp_path: Path) -> None:
    data, secret = b"linked", tmp_path / "secret"
    secret.write_bytes(data)
    path = path_of(folder, data)
    path.parent.mkdir()
    path.symlink_to(secret)
    for read in (blobs.get, blobs.size):
        with pytest.raises(KeyError):
            await read(key_of(data))
    await blobs.put(data)  # replaces the link, not the file behind it
    assert not path.is_symlink()
    await blobs.delete(key_of(data))
    assert secret.read_bytes() == data


async def test_no_folder_is_reached_through_a_link(
    blobs: Blobs, folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path_of(folder, b"linked").parent.symlink_to(elsewhere)
    with pytest.raises(Unavailable):
        await blobs.put(b"linked")
    (elsewhere / key_of(b"linked")).write_bytes(b"linked")
    assert not await blobs.has(key_of(b"linked"))
    await blobs.delete(key_of(b"linked"))
    assert [path.name for path in elsewhere.iterdir()] == [key_of(b"linked")]


@pytest.mark.parametrize("kind", ["folder", "pipe"])
async def test_what_is_no_file_counts_as_missing(blobs: Blobs, folder: Path, kind: str) -> None:
    path = path_of(folder, b"odd")
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(KeyError):
        await blobs.size(key_of(b"odd"))
    assert not await blobs.has(key_of(b"odd"))


async def test_files_of_killed_processes_are_swept(blobs: Blobs, folder: Path) -> None:
    await blobs.put(b"a")
    old, new = (folder / INCOMING / name for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half of")
    os.utime(old, (time.time(), time.time() - ABANDONED_SECONDS - 1))
    Blobs.open(f"file://{folder}")
    assert [path.name for path in (folder / INCOMING).iterdir()] == ["new"]


def test_a_file_in_the_folders_place_is_a_wrong_setting(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(SettingsError, match="is a file"):
        Blobs.open(f"file://{folder}")


WRITE_MANY = """
import asyncio, sys
from storage.blobs import Blobs

async def main():
    blobs = Blobs.open(sys.argv[1])
    for number in range(10_000):
        await blobs.put(b"%d" % number * 20_000)
        print(number, flush=True)

asyncio.run(main())
"""


def test_a_killed_writer_leaves_only_whole_blobs(folder: Path) -> None:
    command = [sys.executable, "-c", WRITE_MANY, f"file://{folder}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(20):
            assert writer.stdout.readline()
        writer.kill()
    found = list(folder.glob("??/*"))
    assert len(found) >= 20
    for path in found:
        assert key_of(path.read_bytes()) == path.name


async def test_a_blob_is_synced_before_it_has_its_name(
    blobs: Blobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blobs.put(b"first")
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def noting_fsync(file: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file")
        fsync(file)

    def noting_rename(old: str, new: str, **folders: int) -> None:
        steps.append("rename")
        rename(old, new, **folders)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "rename", noting_rename)
    path_of(folder, b"second").parent.mkdir(exist_ok=True)
    await blobs.put(b"second")
    assert steps == ["file", "rename", "folder"]
