"""Reads and checks which clips' files a command changes, and how."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bot.cli.invocation import Invocation
from bot.studio.clips.clip_file_order import request_of_file
from bot.studio.clips.finish_options import Playback, Upscale, finish_of
from bot.studio.options import Options
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.studio import Studio
from storage.domain.errors import BadRequest, MutoscopeError
from storage.domain.finish import Finish
from storage.domain.job import Job
from storage.domain.request import GenerationRequest
from storage.domain.text import printable


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One clip to change: the name of its new file, its own file's bytes, and the order."""

    name: str
    data: bytes
    request: GenerationRequest

    async def model(self, invocation: Invocation) -> str:
        """Return the model whose workers finish the clip."""
        return invocation.model_of(Options(model=self.request.model))

    async def order(self, studio: Studio, requester: Requester) -> Job:
        """Place the order."""
        draft = OrderDraft(self.request, requester.reply_to, self.data)
        [job] = await studio.orders.place(requester, [draft])
        return job


def plan_changes(invocation: Invocation) -> tuple[list[PlannedChange], list[str]]:
    """Return what to order, and a message for every file that cannot be changed.

    Raise BadRequest where the command asks for nothing.
    """
    arguments, text = invocation.arguments, invocation.text
    finish = _finish(invocation)
    if not finish.changes and arguments.format is None:
        raise BadRequest("request_finish_nothing")
    model = invocation.admission.catalogue.model()
    clips: list[PlannedChange] = []
    faults: list[str] = []
    count: Counter[str] = Counter()
    for path in arguments.clips:
        file = printable(path)
        try:
            data = path.read_bytes()
            request = request_of_file(data, path.stem, model, finish, arguments.format)
        except OSError as error:
            faults.append(text("cli_unreadable", file=file, reason=error.strerror))
        except MutoscopeError as error:
            faults.append(text("cli_failed", file=file, reason=invocation.error(error)))
        else:
            count[path.stem] += 1
            number = f"_{count[path.stem]}" if count[path.stem] > 1 else ""
            name = f"{path.stem}__finished{number}.{request.container}"
            clips.append(PlannedChange(name, data, request))
    return clips, faults


def _finish(invocation: Invocation) -> Finish:
    arguments = invocation.arguments
    if arguments.command == "upscale":
        return Finish(upscale=arguments.factor)
    return finish_of(
        arguments.upscale or Upscale.NONE,
        arguments.smooth or 0,
        arguments.playback or Playback.FORWARDS,
    )
