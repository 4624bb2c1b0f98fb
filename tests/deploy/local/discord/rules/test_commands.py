"""A command over one of Discord's limits is not registered."""

import pytest

from deploy.local.discord import Json
from deploy.local.discord.rules.commands import check_command, check_commands
from deploy.local.discord.rules.errors import InvalidForm
from deploy.local.discord.state.guild import BOT
from tests.support.discord.raw_bot import ANIMATE, RawBot


def option(**fields: object) -> Json:
    return {"name": "a", "description": "b", "type": 3, **fields}


def choice(name: str, **fields: object) -> Json:
    return {"name": name, "value": name[:100], **fields}


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
        {"contexts": [3]},
        {"contexts": []},
        {"integration_types": [2]},
        {"name_localizations": {"zh-HK": "动"}},
        {"name_localizations": {"zh-CN": "UPPER"}},
        {"description_localizations": {"fr": "x" * 101}},
        {"options": [option(), option()]},
        {"options": [option(), option(name="b", name_localizations={"fr": "a"})]},
        {"options": [option(max_length=6001)]},
        {"options": [option(min_length=5, max_length=4)]},
        {"options": [option(type=4, min_value=5, max_value=4)]},
        {"options": [option(min_value=1)]},
        {"options": [option(choices=[choice("x" * 101)])]},
        {"options": [option(choices=[choice("a", value="x" * 101)])]},
        {"options": [option(choices=[choice("a", name_localizations={"fr": "x" * 101})])]},
        {"options": [option(choices=[choice("a"), choice("a", value="b")])]},
        {"options": [option(choices=[choice(str(n), value=str(n)) for n in range(26)])]},
    ],
)
def test_a_command_over_a_limit_is_refused(wrong: Json) -> None:
    check_command(ANIMATE, "")
    with pytest.raises(InvalidForm):
        check_command({**ANIMATE, **wrong}, "")


def test_two_commands_of_one_name_are_refused() -> None:
    check_commands([ANIMATE, {"name": "animate", "type": 3}])
    with pytest.raises(InvalidForm):
        check_commands([ANIMATE, ANIMATE])


async def test_a_refused_command_is_an_error_of_the_api(raw_bot: RawBot) -> None:
    path = f"/applications/{BOT}/commands"
    status, answer = await raw_bot.request("PUT", path, [{**ANIMATE, "name": "Animate"}])
    assert (status, answer["code"]) == (400, 50035)
