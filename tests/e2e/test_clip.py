"""A picture goes in, a moving clip comes back; then what its buttons and reactions do."""

import asyncio
import signal
from pathlib import Path

import pytest

from deploy.local.clip_facts import measure
from deploy.local.clip_messages import buttons_of, is_over
from deploy.local.demo import SAMPLES
from deploy.local.stack.local_stack import Household
from deploy.local.stack.waiting import until
from tests.e2e.guests import PATIENCE, PHOTOGRAPH, QUICK, Guests, delivered, order, running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def test_a_clip_opens_with_its_picture_and_moves(guests: Guests, tmp_path: Path) -> None:
    guest, picture = await guests.join(), PHOTOGRAPH.read_bytes()
    clip = await delivered(guest, await order(guest, picture, "slowly zoom in on the face"))
    seen = measure(clip.keep(tmp_path), picture)
    assert (seen.codec, seen.pixels) == ("h264", "yuv420p")
    assert seen.frames >= 8
    assert seen.psnr >= 20, seen
    assert seen.movement >= 3 * seen.opening, seen


async def test_the_same_order_gives_the_same_bytes_while_the_worker_sleeps(
    guests: Guests, household: Household
) -> None:
    guest, picture = await guests.join(), PHOTOGRAPH.read_bytes()
    first = await delivered(guest, await order(guest, picture, "pan left", seed=7, **QUICK))
    assert household.worker is not None
    household.worker.process.send_signal(signal.SIGSTOP)
    try:
        second = await delivered(guest, await order(guest, picture, "pan left", seed=7, **QUICK))
    finally:
        household.worker.process.send_signal(signal.SIGCONT)
    assert second.data == first.data
    assert "cache" in second.message["content"]


async def test_retry_makes_another_clip_in_a_message_of_its_own(guests: Guests) -> None:
    guest = await guests.join()
    first = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=1, **QUICK))
    answer = await guest.press(first.key, buttons_of(first.message)["again"])
    second = await delivered(guest, answer["message"])
    assert second.key != first.key
    assert second.data != first.data


async def test_tweak_fills_the_form_and_makes_what_was_changed(guests: Guests) -> None:
    guest = await guests.join()
    first = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=1, **QUICK))
    form = await guest.press(first.key, buttons_of(first.message)["tweak"])
    assert form["kind"] == "modal"
    answer = await guest.submit(form["interaction"], {"prompt": "tilt up"})
    second = await delivered(guest, answer["message"])
    assert "tilt up" in second.message["content"]
    assert second.data != first.data


async def test_delete_removes_the_message(guests: Guests) -> None:
    guest = await guests.join()
    clip = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=2, **QUICK))
    await guest.press(clip.key, buttons_of(clip.message)["delete"])

    async def gone() -> bool:
        return clip.key not in {message["id"] for message in await guest.messages()}

    await until(gone, PATIENCE, "the message to go")


async def test_cancel_ends_a_running_clip_and_costs_nothing(guests: Guests) -> None:
    guest = await guests.join()
    key = await order(guest, PHOTOGRAPH.read_bytes(), steps=50)
    message = await running(guest, key)
    await guest.press(key, buttons_of(message)["cancel"])
    message = await asyncio.wait_for(guest.watch(key, is_over), PATIENCE)
    assert "Cancelled. Nothing was charged." in message["content"]


async def test_a_reaction_makes_it_anew(guests: Guests) -> None:
    guest = await guests.join()
    first = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=3, **QUICK))
    before = {message["id"] for message in await guest.messages()}
    await guest.react(first.key, "🔁")

    async def answer() -> str:
        new = [message["id"] for message in await guest.messages()]
        return next((key for key in new if key not in before), "")

    second = await delivered(guest, await until(answer, PATIENCE, "the answer to the reaction"))
    assert second.data != first.data


async def test_two_pictures_in_one_order_become_a_clip_each(guests: Guests) -> None:
    guest, coffee = await guests.join(), SAMPLES / "coffee.jpg"
    files = {
        name: await guest.upload(path.name, path.read_bytes())
        for name, path in (("picture", PHOTOGRAPH), ("picture_2", coffee))
    }
    before = {message["id"] for message in await guest.messages()}
    answer = await guest.command("animate", prompt="two at once", **files, **QUICK)

    async def cards() -> list[str]:
        found = [one["id"] for one in await guest.messages() if one["id"] not in before]
        return found if len(found) == 2 else []

    first, second = await until(cards, PATIENCE, "a card for each picture")
    assert first == answer["message"]
    assert (await delivered(guest, first)).data != (await delivered(guest, second)).data
