"""Buttons and reactions of earlier clips work after a restart of the bot."""

import asyncio

import pytest

from deploy.local.clip_messages import buttons_of
from deploy.local.stack.local_stack import LocalStack
from tests.e2e.members import (
    LONG,
    PATIENCE,
    PHOTOGRAPH,
    NewMembers,
    message_ids,
    order,
    order_clip,
    wait_for_clip,
    wait_for_deletion,
    wait_for_end,
    wait_for_new_messages,
    wait_for_progress,
)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def test_buttons_and_reactions_of_an_earlier_clip_work(
    members: NewMembers, local_stack: LocalStack
) -> None:
    member = await members.join()
    old = await order_clip(member, seed=21)
    long = await order(member, PHOTOGRAPH.read_bytes(), **LONG)
    await wait_for_progress(member, long)
    assert local_stack.bot is not None
    await local_stack.bot.stop()
    assert local_stack.bot.process.returncode == 0, local_stack.bot.last_lines()
    await local_stack.start_bot()
    await asyncio.wait_for(member.wait_for_command("animate"), PATIENCE)

    await member.press(long, buttons_of(await member.message(long))["cancel"])
    await wait_for_end(member, long)

    again = await member.press(old.key, buttons_of(old.message)["again"])
    second = await wait_for_clip(member, again["message"])
    form = await member.press(old.key, buttons_of(old.message)["tweak"])
    tweaked = await member.submit(form["interaction"], {"prompt": "pan left"})
    third = await wait_for_clip(member, tweaked["message"])
    assert len({old.data, second.data, third.data}) == 3

    known = await message_ids(member)
    await member.react(old.key, "🔁")
    key = (await wait_for_new_messages(member, known))[0]
    assert (await wait_for_clip(member, key)).data not in (old.data, second.data, third.data)

    await member.press(old.key, buttons_of(old.message)["delete"])
    await wait_for_deletion(member, old.key)
