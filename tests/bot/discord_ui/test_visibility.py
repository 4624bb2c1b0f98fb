"""By the id of another person's private job, no button or form gives anything away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bot.discord_ui.chains import extend
from bot.discord_ui.clip_actions.choose import ChooseButton
from bot.discord_ui.commands import buttons
from bot.discord_ui.library import lineage
from bot.discord_ui.moderation import report_clip
from bot.studio.options import Options
from storage.domain.errors import JobGone
from tests.support.backend import Backend, png, requester

HANDLERS: dict[str, Callable[[Any, str], Awaitable[None]]] = {
    "retry": buttons.retry,
    "tweak": buttons.tweak,
    "extend": extend.show_form,
    "details": lineage.show_details,
    "report": report_clip.show_form,
    "choose": lambda interaction, job: ChooseButton("1", job)._order(interaction),
}


@pytest.mark.parametrize("action", HANDLERS)
async def test_a_private_job_is_unknown_to_others(backend: Backend, action: str) -> None:
    options = Options("waves, zoom in", private="yes")
    job = await backend.studio.orders.submit(requester("7"), png(), options)
    other = SimpleNamespace(id=8)
    client = SimpleNamespace(studio=backend.studio)
    interaction: Any = SimpleNamespace(
        client=client, user=other, guild_id=None, channel_id=5, channel=None, permissions=None
    )
    with pytest.raises(JobGone, match="job_unknown"):
        await HANDLERS[action](interaction, job.id)
