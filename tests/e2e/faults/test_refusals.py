"""Orders that cannot be made are refused in the member's language, before any work is done."""

from pathlib import Path
from typing import Any

import pytest

from bot.i18n import Translations
from deploy.local.clip_facts import measure
from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.state.guild import NO_BOTS
from deploy.local.stack.waiting import poll
from tests.e2e.faults.pictures import INVALID, UNUSUAL
from tests.e2e.members import (
    LONG,
    PATIENCE,
    PHOTOGRAPH,
    QUICK,
    NewMembers,
    order,
    order_clip,
    wait_for_clip,
)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

LOCALES = {"en-US": "en", "zh-CN": "zh-CN"}
MOST_EXPENSIVE: dict[str, Any] = {
    "candidates": 4,
    "frames": 120,
    **LONG,
    "guidance": 2.0,
    "resolution": "1024p",
    "parameters": "choose: judge",
}
"""Options of a clip that costs more than a person has in a day (see generation.yaml here)."""


@pytest.fixture(params=LOCALES)
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def refused(
    member: MemberClient, locale: str, key: str, data: bytes, name: str = "a.jpg", **options: Any
) -> None:
    """Order, and wait for the text of this key in this language; no job may be created."""
    upload = await member.upload(name, data)
    await member.command("animate", **({"picture": upload, "prompt": "zoom in"} | options))
    await wait_for_text(member, text(locale, key))
    cards = [one for one in await member.messages() if f"<@{member.user_id}>" in one["content"]]
    assert cards == []


def text(locale: str, key: str) -> str:
    """Return a text up to its first placeholder."""
    found = Translations.load().locales[LOCALES[locale]][key].partition("{")[0]
    assert found
    return found


async def wait_for_text(member: MemberClient, expected: str) -> None:
    """Wait for a message with this text in the member's channel."""

    async def is_there() -> bool:
        return any(expected in message["content"] for message in await member.messages())

    await poll(is_there, PATIENCE, repr(expected))


@pytest.mark.parametrize("key", INVALID)
async def test_an_invalid_picture(members: NewMembers, locale: str, key: str) -> None:
    member = await members.join(locale=locale)
    name, data = INVALID[key]
    await refused(member, locale, key, data, name)


async def test_an_empty_prompt(members: NewMembers, locale: str) -> None:
    member = await members.join(locale=locale)
    photograph = PHOTOGRAPH.read_bytes()
    await refused(member, locale, "request_prompt_empty", photograph, prompt="   ")


async def test_discord_lets_no_prompt_of_5000_characters_through(members: NewMembers) -> None:
    member = await members.join()
    upload = await member.upload("a.jpg", PHOTOGRAPH.read_bytes())
    with pytest.raises(MemberApiError, match="prompt: must be between 0 and 1000"):
        await member.command("animate", picture=upload, prompt="长" * 5000)


async def test_a_number_out_of_range_in_the_command(members: NewMembers) -> None:
    member = await members.join()
    with pytest.raises(MemberApiError, match="steps"):
        await order(member, PHOTOGRAPH.read_bytes(), steps=1000)


async def test_a_number_out_of_range_in_the_form(members: NewMembers, locale: str) -> None:
    member = await members.join(locale=locale)
    clip = await order_clip(member, seed=31)
    form = await member.press(clip.key, buttons_of(clip.message)["tweak"])
    await member.submit(form["interaction"], {"numbers": "steps: 1000"})
    await wait_for_text(member, text(locale, "name_steps"))


async def test_a_channel_where_the_bot_may_not_attach(members: NewMembers, locale: str) -> None:
    member = await members.join(locale=locale, channel=NO_BOTS)
    await refused(member, locale, "denied_bot_permissions", PHOTOGRAPH.read_bytes())


async def test_a_clip_that_costs_more_than_is_left(members: NewMembers, locale: str) -> None:
    member = await members.join(locale=locale)
    await refused(member, locale, "quota_spent", PHOTOGRAPH.read_bytes(), **MOST_EXPENSIVE)


@pytest.mark.parametrize("name", UNUSUAL)
async def test_an_unusual_picture_is_accepted(
    members: NewMembers, name: str, tmp_path: Path
) -> None:
    member = await members.join()
    file, data = UNUSUAL[name]
    clip = await wait_for_clip(member, await order(member, data, name=file, seed=1, **QUICK))
    facts = measure(clip.save(tmp_path), data)
    assert facts.psnr > 18, facts
    assert (facts.width < facts.height) == (name == "rotated")
