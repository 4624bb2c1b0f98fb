"""The Discord front end as it is put together."""

from __future__ import annotations

from dataclasses import replace

from bot.discord_ui.frontend import open_client
from bot.i18n import Translations
from storage.domain.picture import TextToImage
from tests.support.backend import Backend

EVERYWHERE, IN_SERVERS = ([0, 1, 2], [0, 1]), ([0], [0])


async def test_every_command_says_where_it_may_be_used(backend: Backend) -> None:
    made = TextToImage("some/model", 30, 7.0)
    backend.studio.admission = replace(backend.studio.admission, text_to_image=made)
    async with open_client(backend.studio, Translations.load()) as client:
        payloads = [command.to_dict(client.tree) for command in client.tree.get_commands()]
    places = {
        payload["name"]: (sorted(payload["contexts"]), sorted(payload["integration_types"]))
        for payload in payloads
    }
    assert places == {
        "animate": EVERYWHERE,
        "clip": EVERYWHERE,
        "clips": EVERYWHERE,
        "imagine": EVERYWHERE,
        "quota": EVERYWHERE,
        "story": EVERYWHERE,
        "styles": EVERYWHERE,
        "Animate this picture": EVERYWHERE,
        "Reuse these settings": EVERYWHERE,
        "report": IN_SERVERS,
    }


async def test_pictures_are_not_offered_where_none_are_made(backend: Backend) -> None:
    async with open_client(backend.studio, Translations.load()) as client:
        names = {command.name for command in client.tree.get_commands()}
    assert "animate" in names
    assert "imagine" not in names
