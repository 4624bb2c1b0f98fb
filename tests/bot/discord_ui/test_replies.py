"""What people wrote is quoted without any effect."""

import pytest

from bot.discord_ui.replies import quote


@pytest.mark.parametrize(
    "markup", ["<#1>", "<t:0:F>", "</cmd:1>", "<:e:1>", "<a:e:1>", "<id:home>", "<@1>", "<@&1>"]
)
def test_discords_own_markup_is_inert(markup: str) -> None:
    shown = quote(f"a {markup} b")
    assert markup not in shown
    assert shown.replace("\u200b", "") == f"a {markup} b"


def test_a_heart_stays_as_it_is() -> None:
    assert quote("waves <3") == "waves <3"
