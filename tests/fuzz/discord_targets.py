"""What comes of presses and forms that nobody was offered, as of another version."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import discord
import rstr
from simcord.actors import _component_interaction, _dispatch_actor_interaction, _visible_message

from deploy.local.stack.redis_server import start_redis
from storage.domain.catalogue import QuotaRow
from tests.fuzz.campaign import Attempt
from tests.fuzz.mutation import text
from tests.support.backend import open_backend, until
from tests.support.clip_files import smallest_mp4
from tests.support.discord.simulated_chat import Chat, button_ids, open_chat

COMPONENT, MODAL = 3, 5  # kinds of interaction
BUTTON, STRING_SELECT, USER_SELECT, ROLE_SELECT, CHANNEL_SELECT = 2, 3, 5, 6, 8
TEXT_INPUT = 4
LABEL = 18
LONGEST = 100  # characters of a custom_id
QUOTA = QuotaRow(credits_per_day=10**9, unfinished_jobs=10**6)


class ErrorLog(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record as text."""
        self.lines.append(self.format(record))


class Presser:
    """Makes interactions of any custom_id and any values, on messages of one chat."""

    def __init__(self, chat: Chat, log: ErrorLog) -> None:
        """Name the jobs of clips that both people order now and then."""
        self._chat = chat
        self._log = log
        self._jobs: list[str] = []
        self._message: Any = None
        client = chat.env.bot
        self._patterns = [item.pattern for item in client._connection._view_store._dynamic_items]
        self._forms = list(client.modals)

    async def __call__(self, rng: random.Random) -> bool:
        """Make one; raise AssertionError where it was met by an error that is not ours."""
        actor = rng.choice((self._chat.alice, self._chat.bob))
        if rng.random() < 0.3:
            await self._send_form(rng, actor)
        else:
            await self._press(rng, actor)
        self._chat.env.raise_errors()
        lines, self._log.lines = self._log.lines, []
        assert not lines, "\n".join(lines)
        return True

    async def prepare(self) -> None:
        """Order a clip for each, whose jobs are named from now on; earlier ones may be deleted."""
        known = {message.id for message in self._chat.clips()}
        for actor in (self._chat.alice, self._chat.bob):
            await self._chat.animate(actor)
        await until(lambda: len(self._new_clips(known)) >= 2)
        clips = self._new_clips(known)
        self._jobs = [button.partition(":")[2] for clip in clips for button in button_ids(clip)[:1]]
        self._message = _visible_message(self._chat.alice, clips[0])

    def _new_clips(self, known: set[int]) -> list[discord.Message]:
        return [message for message in self._chat.clips() if message.id not in known]

    async def _press(self, rng: random.Random, actor: Any) -> None:
        kind = rng.choice((BUTTON, STRING_SELECT, USER_SELECT, ROLE_SELECT, CHANNEL_SELECT))
        data: dict[str, Any] = {"custom_id": self._custom_id(rng), "component_type": kind}
        if kind != BUTTON:
            data["values"] = self._values(rng, kind)
            data["resolved"] = {}
        await _component_interaction(actor, self._message, data)

    async def _send_form(self, rng: random.Random, actor: Any) -> None:
        subject = rng.choice((rng.choice(self._jobs), text(rng), "0" * 16, ""))
        name = rng.choice((*self._forms, text(rng)[:20]))
        inputs = [
            {
                "type": LABEL,
                "id": number,
                "component": {
                    "type": TEXT_INPUT,
                    "id": number + 100,
                    "custom_id": rng.choice(("prompt", "parameters", text(rng)))[:LONGEST] or "x",
                    "value": text(rng)[:4000],
                },
            }
            for number in range(rng.randrange(1, 4))
        ]
        data = {"custom_id": f"{name}:{subject}"[:LONGEST], "components": inputs}
        await _dispatch_actor_interaction(actor, MODAL, self._chat.channel, data)

    def _custom_id(self, rng: random.Random) -> str:
        """Return one that matches a pattern, mostly with a job that there is, or any text."""
        if rng.random() < 0.1:
            return text(rng)[:LONGEST] or "x"
        made = rstr.Rstr(rng).xeger(rng.choice(self._patterns))
        parts = made.split(":")
        if rng.random() < 0.6:
            parts = [rng.choice(self._jobs) if len(part) == 16 else part for part in parts]
        if rng.random() < 0.1:
            parts[rng.randrange(len(parts))] = text(rng)
        return ":".join(parts)[:LONGEST] or "x"

    def _values(self, rng: random.Random, kind: int) -> list[str]:
        if kind == STRING_SELECT:
            return [rng.choice((text(rng)[:LONGEST], "reverse", "gif", "0", ""))]
        return [str(rng.choice((0, 1, 2**63, 2**70, rng.randrange(2**64))))]


@asynccontextmanager
async def custom_ids() -> AsyncIterator[Attempt]:
    """Press buttons, choose from menus and send forms of any custom_id, with any values."""
    log = ErrorLog()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        server = start_redis(folder)
        stack.callback(server.stop)
        backend = await stack.enter_async_context(
            open_backend(folder, server.url, smallest_mp4(), quota=QUOTA)
        )
        chat = await stack.enter_async_context(open_chat(backend))
        await stack.enter_async_context(backend.running())
        logging.getLogger().addHandler(log)
        stack.callback(logging.getLogger().removeHandler, log)
        yield Presser(chat, log)
