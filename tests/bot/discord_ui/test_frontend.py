"""How the Discord front end logs in."""

from __future__ import annotations

import discord
import pytest

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.frontend import LoginRefused, logged_in
from bot.i18n import Translations
from bot.settings import BotSettings
from tests.support.backend import Backend


async def test_a_refused_token_is_an_error_of_the_front_ends_own(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_client: MutoscopeClient, _token: str) -> None:
        raise discord.LoginFailure("401")

    monkeypatch.setattr(MutoscopeClient, "login", refuse)
    settings = BotSettings.from_environment({"DISCORD_TOKEN": "wrong"})
    with pytest.raises(LoginRefused, match="DISCORD_TOKEN"):
        async with logged_in(backend.studio, Translations.load(), settings):
            pass
