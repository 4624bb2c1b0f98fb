"""Uploads are decoded in processes that are killed when they take too long or too much."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.domain.errors import BadPicture, Unavailable
from storage.domain.picture import PictureFacts
from storage.pictures import inspect, open_picture
from storage.pictures.child import MEMORY
from storage.pictures.decoding import PIXEL_LIMIT
from storage.pictures.formats import READABLE
from storage.pictures.processes import LANES, Lane, PictureProcesses
from tests.support.pictures import hostile
from tests.support.pictures.files import gradient, noise, saved
from tests.support.pictures.shared_processes import end_shared_processes

ORDINARY = saved(noise(1200, 900), "JPEG")
ANY = LANES[-1].work
SLOW = hostile.scan_bomb(90, 4000, 3000)  # most of a second of the processor's time


@pytest.fixture(autouse=True)
def _own_children() -> None:
    """Let the only children be those of the test."""
    end_shared_processes()


@pytest.fixture
async def processes() -> AsyncIterator[PictureProcesses]:
    processes = PictureProcesses()
    yield processes
    processes.close()


@pytest.fixture
async def patient() -> AsyncIterator[PictureProcesses]:
    """Return processes that have any machine's time for a picture."""
    processes = PictureProcesses([Lane(1, ANY, 60.0), Lane(1, ANY, 60.0)])
    yield processes
    processes.close()


@pytest.fixture
async def hasty() -> AsyncIterator[PictureProcesses]:
    """Return processes that give up on a slow picture at once."""
    processes = PictureProcesses([Lane(1, ANY, 0.1)])
    await processes.size(ORDINARY)  # started
    yield processes
    processes.close()


def children() -> list[int]:
    """Return the ids of this process's children that decode pictures."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        for pid in read(task / "children").split():
            if b"storage.pictures.child" in read(Path(f"/proc/{pid.decode()}/cmdline")):
                found.append(int(pid))
    return found


def read(path: Path) -> bytes:
    """Return what the kernel says; nothing about a thread or process that has just ended."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def asking_stopped(
    processes: PictureProcesses, data: bytes = ORDINARY
) -> asyncio.Task[PictureFacts]:
    """Stop the only child, and return what asks it about a picture."""
    await processes.size(data)
    os.kill(children()[0], signal.SIGSTOP)
    asking = asyncio.create_task(processes.inspect(data))
    while not processes._busy:  # noqa: ASYNC110  # it tells nobody
        await asyncio.sleep(0)
    return asking


async def all_ended() -> None:
    """Wait until there are no such children any more."""
    async with asyncio.timeout(60):
        while children():  # noqa: ASYNC110  # the kernel has no event
            await asyncio.sleep(0.01)  # the kernel has no event


async def refusal(asking: asyncio.Future[object] | asyncio.Task[object]) -> str:
    with pytest.raises(BadPicture) as caught:
        await asking
    return caught.value.key


async def test_a_child_answers_as_the_functions_do(processes: PictureProcesses) -> None:
    assert await processes.size(ORDINARY) == (1200, 900)
    assert await processes.inspect(ORDINARY) == inspect(ORDINARY)
    opened = await processes.open(ORDINARY, (256, 256))
    assert opened.tobytes() == open_picture(ORDINARY, (256, 256)).tobytes()
    with pytest.raises(BadPicture) as caught:
        await processes.inspect(saved(gradient(20, 40), "PNG"))
    assert caught.value.key == "picture_too_small"
    assert caught.value.parameters == {"width": 20, "height": 40, "limit": 32}


async def test_a_process_is_used_again(processes: PictureProcesses) -> None:
    for _ in range(3):
        await processes.inspect(ORDINARY)
    assert len(children()) == 1


async def test_a_process_that_takes_too_long_is_killed_and_replaced(
    hasty: PictureProcesses,
) -> None:
    [first] = children()
    with pytest.raises(BadPicture) as caught:
        await hasty.inspect(SLOW)
    assert caught.value.key == "picture_too_complex"
    await all_ended()
    assert await hasty.size(ORDINARY) == (1200, 900)
    assert children() != [first]


async def test_what_is_too_slow_for_one_lane_gets_the_next() -> None:
    processes = PictureProcesses([Lane(1, ANY, 0.05), Lane(1, ANY, 30.0)])
    assert (await processes.inspect(SLOW)).width == 4000
    processes.close()


async def test_what_is_too_large_for_one_lane_goes_to_the_next_untried() -> None:
    processes = PictureProcesses([Lane(1, 4_000_000, 30.0), Lane(1, ANY, 0.01)])
    with pytest.raises(BadPicture) as caught:
        await processes.inspect(SLOW)
    assert caught.value.key == "picture_too_complex"
    large = saved(gradient(3000, 3000), "JPEG")  # reduced by its decoder
    assert (await processes.inspect(large)).width == 3000
    with pytest.raises(BadPicture):
        await processes.inspect(hostile.scan_bomb(80, 3000, 3000))
    with pytest.raises(BadPicture):
        await processes.inspect(large[:-2])
    processes.close()


async def test_a_process_that_dies_spoils_no_other_picture(patient: PictureProcesses) -> None:
    asking = await asking_stopped(patient)
    os.kill(children()[0], signal.SIGKILL)
    assert (await asking).width == 1200  # the second lane's process
    assert (await patient.inspect(ORDINARY)).width == 1200


async def test_a_process_that_hangs_is_killed() -> None:
    processes = PictureProcesses([Lane(1, ANY, 60.0, patience=0.001)])
    asking = asyncio.create_task(processes.inspect(hostile.huge("WEBP")))
    assert await refusal(asking) == "picture_too_complex"
    await all_ended()
    processes.close()


async def test_a_picture_that_a_busy_machine_keeps_waiting_is_not_refused() -> None:
    processes = PictureProcesses([Lane(1, ANY, 0.1, patience=600.0)])
    asking = await asking_stopped(processes, saved(gradient(64, 64), "PNG"))
    await asyncio.sleep(0.2)  # by the clock, of which the picture gets nothing
    os.kill(children()[0], signal.SIGCONT)
    assert (await asking).width == 64
    processes.close()


async def test_a_request_that_is_given_up_ends_its_process(patient: PictureProcesses) -> None:
    asking = await asking_stopped(patient)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await all_ended()


async def test_closing_ends_what_is_under_way(patient: PictureProcesses) -> None:
    asking = await asking_stopped(patient)
    patient.close()
    with pytest.raises(Unavailable):
        await asking
    with pytest.raises(Unavailable):
        await patient.inspect(ORDINARY)
    await all_ended()


async def test_a_process_has_little_memory_and_none_of_our_secrets(
    processes: PictureProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    await processes.size(ORDINARY)
    [pid] = children()
    [space] = [line for line in said(pid, "limits").splitlines() if "address space" in line]
    assert str(MEMORY) in space
    assert "secret" not in said(pid, "environ")
    assert "torch" not in said(pid, "maps")
    assert said(pid, "oom_score_adj").strip() == "1000"


def said(pid: int, file: str) -> str:
    """Return what the kernel says about a process."""
    return Path(f"/proc/{pid}/{file}").read_text()


@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=[pytest.mark.slow] * (form == "HEIF")) for form in READABLE]
)
async def test_the_largest_picture_of_every_format_is_read(
    form: str,
) -> None:
    processes = PictureProcesses([Lane(1, ANY, 60.0)])
    facts = await processes.inspect(hostile.huge(form))
    assert (facts.width, facts.height) == (8000, 6250)
    processes.close()


async def test_the_event_loop_goes_on_while_a_picture_is_read(patient: PictureProcesses) -> None:
    asking = await asking_stopped(patient)
    for _ in range(50):
        await asyncio.sleep(0.005)
        assert not asking.done()
    os.kill(children()[0], signal.SIGCONT)  # nobody would, were the event loop blocked
    assert (await asking).width == 1200


async def test_a_picture_that_needs_too_much_memory_is_refused(
    patient: PictureProcesses,
) -> None:
    await patient.size(ORDINARY)
    [pid] = children()
    resource.prlimit(pid, resource.RLIMIT_AS, (150 * 2**20,) * 2)
    large = saved(gradient(4900, 3200), "BMP")
    asking = asyncio.ensure_future(patient.inspect(large))
    assert await refusal(asking) == "picture_too_complex"
    assert (await patient.inspect(ORDINARY)).width == 1200


async def test_a_process_that_took_much_memory_is_replaced() -> None:
    processes = PictureProcesses([Lane(1, ANY, 60.0)])
    await processes.inspect(hostile.huge("WEBP"))
    await all_ended()
    processes.close()


def attacks() -> list[bytes]:
    """Return uploads that cost as much as one can, or more than they may."""
    return [
        hostile.scan_bomb(90, 4000, 3000),
        hostile.scan_bomb(5_000),
        hostile.chunk_flood(2_000_000),
        hostile.exif_flood(),
        hostile.exif_bomb(),
        hostile.block_flood(400_000),
        hostile.huge("PNG"),
        hostile.huge("WEBP"),
    ]


async def test_an_ordinary_picture_is_read_beside_hostile_ones() -> None:
    processes = PictureProcesses()
    await asyncio.gather(*(processes.size(ORDINARY) for _ in range(4)))
    attacking = [asyncio.create_task(processes.inspect(data)) for data in attacks()]
    await asyncio.sleep(0)
    assert (await processes.inspect(ORDINARY)).width == 1200
    answers = await asyncio.gather(*attacking, return_exceptions=True)
    assert all(isinstance(answer, (PictureFacts, BadPicture)) for answer in answers)
    processes.close()


@pytest.mark.slow  # four seconds of the processor's time
async def test_an_ordinary_picture_waits_only_for_a_moment_of_each_endless_one() -> None:
    lanes = [Lane(2, ANY, 0.2), Lane(2, ANY, 5.0)]
    assert [lane.processes for lane in LANES] == [lane.processes for lane in lanes]
    processes = PictureProcesses(lanes)
    slow = hostile.huge("WEBP")
    attacking = [asyncio.create_task(processes.inspect(slow)) for _ in range(8)]
    await asyncio.sleep(0)
    await processes.inspect(saved(gradient(64, 64), "PNG"))
    assert not all(one.done() for one in attacking)  # 0.2 s of each came before, and not the rest
    processes.close()
    await asyncio.gather(*attacking, return_exceptions=True)


SOUND = [saved(noise(), form) for form in READABLE] + [
    saved(noise(), "JPEG", progressive=True),
    saved(noise(), "PNG", save_all=True, append_images=[gradient()]),
    saved(noise(), "GIF", save_all=True, append_images=[gradient()]),
    saved(noise(), "TIFF", compression="tiff_lzw"),
    saved(noise(), "TIFF", compression="jpeg"),
    hostile.exif_flood(50),
    hostile.tag_flood(50, 100),
]
HEADS = [data[:16] for data in SOUND]


class Asking:
    """Processes on an event loop of their own, for tests that are no coroutines."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._processes = PictureProcesses()

    def check(self, data: bytes) -> None:
        """Fail unless the answer is facts or a refusal."""
        try:
            facts = self._runner.run(self._processes.inspect(data))
        except BadPicture as error:
            assert error.key.startswith("picture_")
        else:
            assert 0 < facts.width * facts.height <= PIXEL_LIMIT

    def close(self) -> None:
        self._processes.close()
        self._runner.close()


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    asking = Asking()
    yield asking
    asking.close()


ANY_SPEED = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@ANY_SPEED
@given(head=st.sampled_from([b"", *HEADS]), rest=st.binary(max_size=400))
def test_any_bytes_are_refused_or_read(asking: Asking, head: bytes, rest: bytes) -> None:
    asking.check(head + rest)


@ANY_SPEED
@given(data=st.sampled_from(SOUND), share=st.floats(0, 1))
def test_any_truncation_is_refused_or_read(asking: Asking, data: bytes, share: float) -> None:
    asking.check(data[: round(share * len(data))])


@ANY_SPEED
@given(
    data=st.sampled_from(SOUND),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=4)), max_size=8),
)
def test_any_damage_is_refused_or_read(
    asking: Asking, data: bytes, changes: Sequence[tuple[float, bytes]]
) -> None:
    damaged = bytearray(data)
    for share, new in changes:
        start = int(share * len(damaged))
        damaged[start : start + len(new)] = new
    asking.check(bytes(damaged))


async def test_an_unforeseen_error_is_one_pictures_own(
    processes: PictureProcesses,
) -> None:
    await processes.size(ORDINARY)
    [child] = processes._idle
    request = {"operation": "inspect", "seconds": 5, "wait": 60}
    answer, _ = await asyncio.to_thread(child.ask, request, ORDINARY)
    assert answer["error"] == "picture_too_complex"  # the request lacks a field
    assert "KeyError" in answer["trace"]
    assert (await processes.inspect(ORDINARY)).width == 1200
