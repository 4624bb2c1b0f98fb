"""Deliveries that are tried again sooner than the bot tries them."""

import pytest

from bot.discord_ui.delivery import live_message


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pauses after failed tries a tenth of what they are."""
    monkeypatch.setattr(live_message, "FIRST_PAUSE", live_message.FIRST_PAUSE / 10)
