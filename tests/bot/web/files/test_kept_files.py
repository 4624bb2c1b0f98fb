"""No person's files fill the disk, and none push out what another one waits for."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.web.files import kept_files
from bot.web.files.kept_files import MIB, KeptFiles, KeptLimits, safe_name
from storage.domain.errors import BadPicture
from tests.support.backend import until

LIMITS = KeptLimits(files=3, person=10 * MIB, whole=15 * MIB, life=3600.0)
ADA, BOB = "web:ada", "web:bob"


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def files(tmp_path: Path, now: list[float]) -> KeptFiles:
    return KeptFiles(tmp_path, LIMITS, lambda: now[0])


class HeldDisk:
    """Begins to write the files of SLOW, and goes on once it is released."""

    SLOW = b"slow"

    def __init__(self) -> None:
        self._begun, self._released = threading.Event(), threading.Event()
        self.release = self._released.set
        self._write = kept_files._write

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, 60.0)

    def write(self, path: Path, data: bytes) -> None:
        if data == self.SLOW:
            self._begun.set()
            self._released.wait(60.0)
        self._write(path, data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldDisk]:
    held = HeldDisk()
    monkeypatch.setattr(kept_files, "_write", held.write)
    yield held
    held.release()


def size_of(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def names_in(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_a_persons_bytes_are_bounded_and_the_refusal_leaves_nothing(
    files: KeptFiles, tmp_path: Path
) -> None:
    await files.keep(ADA, "a", bytes(8 * MIB))
    with pytest.raises(BadPicture, match="page_uploads_full") as caught:
        await files.keep(ADA, "b", bytes(3 * MIB))
    assert caught.value.parameters == {"limit": 10, "minutes": 10}
    assert size_of(tmp_path) == 8 * MIB
    assert len(names_in(tmp_path)) == 1
    await files.keep(BOB, "b", bytes(3 * MIB))


async def test_a_persons_files_are_counted(files: KeptFiles) -> None:
    for name in "abc":
        await files.keep(ADA, name, b"x")
    with pytest.raises(BadPicture, match="page_uploads_full"):
        await files.keep(ADA, "d", b"x")
    await files.keep(ADA, "a", b"x")  # it is there


async def test_what_an_order_has_gives_way_first_and_then_what_nobody_used(
    files: KeptFiles, now: list[float]
) -> None:
    for name in "abc":
        await files.keep(ADA, name, b"x")
    files.take(ADA, "c")
    await files.keep(ADA, "d", b"x")
    assert [files.holds(ADA, name) for name in "abcd"] == [True, True, False, True]
    now[0] = LIMITS.waiting + 1
    files.use(ADA, "a")
    await files.keep(ADA, "e", b"x")
    assert [files.holds(ADA, name) for name in "abde"] == [True, False, True, True]


async def test_nobody_pushes_out_what_another_person_waits_for(
    files: KeptFiles, tmp_path: Path
) -> None:
    await files.keep(ADA, "a", bytes(9 * MIB))
    with pytest.raises(BadPicture, match="page_full"):
        await files.keep(BOB, "b", bytes(7 * MIB))
    assert files.holds(ADA, "a")
    files.take(ADA, "a")
    await files.keep(BOB, "b", bytes(7 * MIB))
    assert not files.holds(ADA, "a")
    assert size_of(tmp_path) == 7 * MIB


async def test_a_file_is_forgotten_with_its_person_or_its_life(
    files: KeptFiles, tmp_path: Path, now: list[float]
) -> None:
    for owner in (ADA, BOB):
        await files.keep(owner, "a", b"x")
    await files.forget_all(ADA, time.time())
    assert (files.use(ADA, "a"), files.holds(BOB, "a")) == (None, True)
    now[0] = LIMITS.life + 1
    await files.expire()
    assert names_in(tmp_path) == []


async def test_what_came_after_a_person_asked_to_be_forgotten_is_kept(files: KeptFiles) -> None:
    await files.keep(ADA, "a", b"x")
    asked = time.time()
    await files.forget_all(ADA, asked - 3600.0)
    assert files.holds(ADA, "a")
    await files.forget_all(ADA, asked)
    assert not files.holds(ADA, "a")


async def test_what_is_forgotten_while_it_is_written_leaves_nothing(
    files: KeptFiles, tmp_path: Path, disk: HeldDisk
) -> None:
    keeping = asyncio.create_task(files.keep(ADA, "a", disk.SLOW))
    await disk.begun()
    forgetting = asyncio.create_task(files.forget_all(ADA, time.time()))
    await until(lambda: not files.holds(ADA, "a"))
    disk.release()
    await forgetting
    assert names_in(tmp_path) == []
    with pytest.raises(BadPicture, match="picture_gone"):
        await keeping


async def test_an_upload_that_is_broken_off_leaves_nothing(
    files: KeptFiles, tmp_path: Path, disk: HeldDisk
) -> None:
    keeping = asyncio.create_task(files.keep(ADA, "a", disk.SLOW))
    await disk.begun()
    keeping.cancel()
    await until(lambda: not files.holds(ADA, "a"))
    disk.release()
    await asyncio.gather(keeping, return_exceptions=True)
    assert names_in(tmp_path) == []


async def test_the_second_of_two_has_the_file_and_the_first_may_be_broken_off(
    files: KeptFiles, disk: HeldDisk
) -> None:
    async def second() -> bytes:
        return (await files.keep(ADA, "a", disk.SLOW)).read_bytes()

    keeping = asyncio.create_task(files.keep(ADA, "a", disk.SLOW))
    await disk.begun()
    also = asyncio.create_task(second())
    await asyncio.sleep(0)  # it waits for the same file now
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    disk.release()
    assert await also == disk.SLOW
    assert files.holds(ADA, "a")


async def test_a_file_that_is_being_written_does_not_give_way(
    files: KeptFiles, disk: HeldDisk
) -> None:
    for name in "ab":
        await files.keep(ADA, name, b"x")
    keeping = asyncio.create_task(files.keep(ADA, "c", disk.SLOW, taken=True))
    await disk.begun()
    with pytest.raises(BadPicture, match="page_uploads_full"):
        await files.keep(ADA, "d", b"x")
    disk.release()
    assert (await keeping).read_bytes() == disk.SLOW
    await files.keep(ADA, "d", b"x")
    assert not files.holds(ADA, "c")


async def test_a_full_disk_is_told_and_leaves_nothing(
    files: KeptFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BadPicture, match="page_disk_full"):
        await files.keep(ADA, "a", b"x")
    assert names_in(tmp_path) == []


async def test_a_path_is_known_to_its_owner_alone(files: KeptFiles) -> None:
    path = await files.keep(ADA, "a", b"x", "../cat.jpg")
    assert path.name == "cat.jpg"
    assert (files.key_of(ADA, path), files.key_of(BOB, path)) == ("a", None)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("cat.jpg", "cat.jpg"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\x y.png", "x_y.png"),
        ("..", "file"),
        ("", "file"),
        ("猫.png", "猫.png"),
        ("a" * 300, "a" * 120),
        ("猫" * 300 + ".png", "猫" * 38 + ".png"),
        ("x\udcff.png", "x_.png"),
    ],
)
def test_a_name_is_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe
