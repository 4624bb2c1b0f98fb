"""Buttons and reactions of earlier clips work after the bot was started anew."""

import asyncio

import pytest

from deploy.local.clip_messages import buttons_of, is_over
from deploy.local.stack.local_stack import Household
from deploy.local.stack.waiting import until
from tests.e2e.guests import PATIENCE, PHOTOGRAPH, QUICK, Guests, delivered, order, running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def test_everything_under_an_old_clip_still_works(
    guests: Guests, household: Household
) -> None:
    guest, picture = await guests.join(), PHOTOGRAPH.read_bytes()
    old = await delivered(guest, await order(guest, picture, seed=21, **QUICK))
    long = await order(guest, picture, steps=50)
    await running(guest, long)
    assert household.bot is not None
    await household.bot.stop()
    assert household.bot.process.returncode == 0, household.bot.last_lines()
    await household.start_bot()
    await asyncio.wait_for(guest.wait_for_command("animate"), PATIENCE)

    await guest.press(long, buttons_of(await guest.message(long))["cancel"])
    await asyncio.wait_for(guest.watch(long, is_over), PATIENCE)

    again = await guest.press(old.key, buttons_of(old.message)["again"])
    second = await delivered(guest, again["message"])
    form = await guest.press(old.key, buttons_of(old.message)["tweak"])
    tweaked = await guest.submit(form["interaction"], {"prompt": "pan left"})
    third = await delivered(guest, tweaked["message"])
    assert len({old.data, second.data, third.data}) == 3

    known = {message["id"] for message in await guest.messages()}
    await guest.react(old.key, "🔁")

    async def new() -> str:
        return next((m["id"] for m in await guest.messages() if m["id"] not in known), "")

    fourth = await delivered(guest, await until(new, PATIENCE, "the answer to the reaction"))
    assert fourth.data not in (old.data, second.data, third.data)

    await guest.press(old.key, buttons_of(old.message)["delete"])

    async def gone() -> bool:
        return old.key not in {message["id"] for message in await guest.messages()}

    await until(gone, PATIENCE, "the message to go")
