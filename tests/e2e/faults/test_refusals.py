"""What cannot be made is refused in the person's language before any work is done."""

from pathlib import Path
from typing import Any

import pytest

from bot.i18n import Translations
from deploy.local.clip_facts import measure
from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import Member, MemberError
from deploy.local.discord.state.guild import SILENT
from deploy.local.stack.waiting import until
from tests.e2e.faults.wrong_pictures import ODD, WRONG
from tests.e2e.guests import PATIENCE, PHOTOGRAPH, QUICK, Guests, delivered, order

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

LOCALES = {"en-US": "en", "zh-CN": "zh-CN"}
DEAREST: dict[str, Any] = {
    "candidates": 4,
    "frames": 32,
    "steps": 50,
    "guidance": 2.0,
    "resolution": "160p",
}
"""Options of a clip that costs more than a person has in a day (see generation.yaml here)."""


@pytest.fixture(params=LOCALES)
def locale(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def refused(
    guest: Member, locale: str, key: str, data: bytes, name: str = "a.jpg", **options: Any
) -> None:
    """Order, and wait for these words in this language; no job may have come of it."""
    upload = await guest.upload(name, data)
    await guest.command("animate", **({"picture": upload, "prompt": "zoom in"} | options))
    await hears(guest, words(locale, key))
    cards = [one for one in await guest.messages() if f"<@{guest.person}>" in one["content"]]
    assert cards == []


def words(locale: str, key: str) -> str:
    """What a message says up to its first gap."""
    found = Translations.load().locales[LOCALES[locale]][key].partition("{")[0]
    assert found
    return found


async def hears(guest: Member, said: str) -> None:
    """Wait until somebody said this in the guest's channel."""

    async def heard() -> bool:
        return any(said in message["content"] for message in await guest.messages())

    await until(heard, PATIENCE, repr(said))


@pytest.mark.parametrize("key", WRONG)
async def test_a_wrong_picture(guests: Guests, locale: str, key: str) -> None:
    guest = await guests.join(locale=locale)
    name, data = WRONG[key]
    await refused(guest, locale, key, data, name)


async def test_an_empty_prompt(guests: Guests, locale: str) -> None:
    guest = await guests.join(locale=locale)
    photograph = PHOTOGRAPH.read_bytes()
    await refused(guest, locale, "request_prompt_empty", photograph, prompt="   ")


async def test_a_prompt_of_5000_characters(guests: Guests, locale: str) -> None:
    guest = await guests.join(locale=locale)
    upload = await guest.upload("a.jpg", PHOTOGRAPH.read_bytes())
    await guest.command("animate", picture=upload, prompt="长" * 5000)
    await hears(guest, words(locale, "name_prompt"))
    await hears(guest, "5000")


async def test_a_number_out_of_range_never_leaves_the_command(guests: Guests) -> None:
    guest = await guests.join()
    with pytest.raises(MemberError, match="steps"):
        await order(guest, PHOTOGRAPH.read_bytes(), steps=1000)


async def test_a_number_out_of_range_in_the_form(guests: Guests, locale: str) -> None:
    guest = await guests.join(locale=locale)
    clip = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=31, **QUICK))
    form = await guest.press(clip.key, buttons_of(clip.message)["tweak"])
    await guest.submit(form["interaction"], {"numbers": "steps: 1000"})
    await hears(guest, words(locale, "name_steps"))


async def test_a_channel_where_the_bot_may_not_attach(guests: Guests, locale: str) -> None:
    guest = await guests.join(locale=locale, channel=SILENT)
    await refused(guest, locale, "denied_bot_permissions", PHOTOGRAPH.read_bytes())


async def test_a_clip_that_costs_more_than_is_left(guests: Guests, locale: str) -> None:
    guest = await guests.join(locale=locale)
    await refused(guest, locale, "quota_spent", PHOTOGRAPH.read_bytes(), **DEAREST)


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_picture_is_taken(guests: Guests, name: str, tmp_path: Path) -> None:
    guest = await guests.join()
    file, data = ODD[name]
    clip = await delivered(guest, await order(guest, data, name=file, seed=1, **QUICK))
    seen = measure(clip.keep(tmp_path), data)
    assert seen.psnr > 18, seen
    assert (seen.width < seen.height) == (name == "turned")
