"""The Discord front end as it is put together."""

from __future__ import annotations

from dataclasses import replace

from bot.discord_ui.frontend import open_client
from bot.i18n import Translations
from storage.domain.models.capability import Capability
from storage.domain.picture import TextToImage
from tests.support.backend import Backend

EVERYWHERE, IN_SERVERS = ([0, 1, 2], [0, 1]), ([0], [0])


async def test_every_command_says_where_it_may_be_used(backend: Backend) -> None:
    made = TextToImage("some/model", 30, 7.0)
    backend.studio.orders.admission = replace(backend.studio.admission, text_to_image=made)
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
        "export": EVERYWHERE,
        "forget-me": EVERYWHERE,
        "imagine": EVERYWHERE,
        "privacy": EVERYWHERE,
        "quota": EVERYWHERE,
        "story": EVERYWHERE,
        "styles": EVERYWHERE,
        "Animate this picture": EVERYWHERE,
        "Reuse these settings": EVERYWHERE,
        "Report this clip": EVERYWHERE,
        "report": IN_SERVERS,
        "settings": ([0, 1], [0]),
    }


async def test_styles_are_not_kept_where_no_model_takes_them(backend: Backend) -> None:
    admission = backend.studio.admission
    models = {
        name: replace(model, capabilities=(Capability.PROMPT, Capability.CAMERA))
        for name, model in admission.catalogue.models.items()
    }
    catalogue = replace(admission.catalogue, models=models)
    backend.studio.orders.admission = replace(admission, catalogue=catalogue)
    async with open_client(backend.studio, Translations.load()) as client:
        names = {command.name for command in client.tree.get_commands()}
    assert "animate" in names
    assert "styles" not in names


async def test_pictures_are_not_offered_where_none_are_made(backend: Backend) -> None:
    async with open_client(backend.studio, Translations.load()) as client:
        names = {command.name for command in client.tree.get_commands()}
    assert "animate" in names
    assert "imagine" not in names
