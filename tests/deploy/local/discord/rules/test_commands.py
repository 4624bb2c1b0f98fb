"""A command over one of Discord's limits is not registered."""

import pytest

from deploy.local.discord import Json
from deploy.local.discord.rules.commands import check_command
from deploy.local.discord.rules.errors import InvalidForm
from deploy.local.discord.state.guild import BOT
from tests.support.discord.raw_bot import ANIMATE, RawBot


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Animate"},
        {"description": ""},
        {"description": "x" * 101},
        {"options": [{"name": "a", "description": "b", "type": 3} for _ in range(26)]},
        {
            "options": [
                {"name": "a", "description": "b", "type": 3},
                {"name": "c", "description": "d", "type": 3, "required": True},
            ]
        },
    ],
)
def test_a_command_over_a_limit_is_refused(wrong: Json) -> None:
    check_command(ANIMATE, "")
    with pytest.raises(InvalidForm):
        check_command({**ANIMATE, **wrong}, "")


async def test_a_refused_command_is_an_error_of_the_api(raw_bot: RawBot) -> None:
    path = f"/applications/{BOT}/commands"
    status, answer = await raw_bot.request("PUT", path, [{**ANIMATE, "name": "Animate"}])
    assert (status, answer["code"]) == (400, 50035)
