"""All that the real bot and the local Discord say to each other, judged by Discord's own words."""

import pytest

from deploy.local.household import Household
from deploy.local.narrator import buttons_of
from tests.deploy.local.discord.judge import Judge, find_description, read_journal
from tests.e2e.guests import PHOTOGRAPH, QUICK, Guests, delivered, order
from tests.e2e.houses import JOURNAL

DESCRIPTION = find_description()
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        DESCRIPTION is None, reason="Discord's description is not here; DISCORD_SPEC may name it"
    ),
]


async def test_every_exchange_is_as_discord_describes_it(
    guests: Guests, household: Household
) -> None:
    guest = await guests.join(locale="zh-CN")
    clip = await delivered(guest, await order(guest, PHOTOGRAPH.read_bytes(), seed=31, **QUICK))
    again = await guest.press(clip.key, buttons_of(clip.message)["again"])
    await delivered(guest, again["message"])
    await guest.press(clip.key, buttons_of(clip.message)["tweak"])
    await guest.command("quota")
    assert DESCRIPTION is not None
    wire = read_journal(household.folder / JOURNAL)
    assert len(wire) > 20
    assert Judge(DESCRIPTION).judge(wire) == []
