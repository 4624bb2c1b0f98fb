"""The Discord front end as it is put together."""

from __future__ import annotations

from bot.discord_ui.frontend import open_client
from bot.i18n import Translations
from tests.support.backend import Backend

EVERYWHERE, IN_SERVERS = ([0, 1, 2], [0, 1]), ([0], [0])


async def test_every_command_says_where_it_may_be_used(backend: Backend) -> None:
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
        "quota": EVERYWHERE,
        "story": EVERYWHERE,
        "styles": EVERYWHERE,
        "Animate this picture": EVERYWHERE,
        "Reuse these settings": EVERYWHERE,
        "report": IN_SERVERS,
    }
