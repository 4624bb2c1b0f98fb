"""What happens on the page: orders, the line under the prompt, and the buttons of clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bot.studio.option_table import STORY
from bot.studio.options import Options
from bot.web.form.actions import Actions, Filled
from bot.web.form.choice import PictureChoice
from bot.web.form.context import PageContext
from bot.web.form.controls import Controls
from bot.web.form.path_drawing import boxes, words_for
from bot.web.form.preview_line import PreviewLine
from bot.web.markup import element, text
from storage.domain.camera.motion import Speed
from storage.domain.errors import MutoscopeError

DRAWN, SPEED = "path", "speed"
"""The option that is drawn on the picture, and that of how far it goes."""
REFRESH = "() => window.mutoscope.refresh()"
OWN: dict[str, Any] = {
    "api_visibility": "private",  # scripts have an interface of their own
    "api_name": "page",
    "show_progress": "hidden",
    "queue": False,  # all side by side: the service has its own queue
}
"""What the page's own events have in common."""


@dataclass(frozen=True, slots=True)
class PageParts:
    """The components of one page."""

    pictures: gr.HTML
    prompt: gr.Textbox
    story: gr.Checkbox
    line: gr.HTML
    make: gr.Button
    notice: gr.HTML
    controls: Controls
    path: gr.HTML
    board: gr.HTML

    @property
    def form(self) -> list[Any]:
        """Return the components that hold an order."""
        return [self.pictures, self.prompt, self.story, *self.controls.components]


@dataclass(frozen=True, slots=True)
class PageEvents:
    """Does what a person asks for at one page."""

    context: PageContext
    parts: PageParts

    def connect(self) -> None:
        """Let the components' events call what they are for."""
        parts, form = self.parts, self.parts.form
        for ordered in (parts.make.click, parts.prompt.submit):
            ordered(self.order, form, [parts.notice, parts.pictures], **OWN).then(
                None, js=REFRESH, **OWN
            )
        for part in (parts.board, parts.pictures):
            shown = [parts.notice, parts.path, *form]
            part.act(self.act, None, shown, trigger_mode="multiple", **OWN).then(
                None, js=REFRESH, **OWN
            )
        changes = [one.change for one in form]
        gr.on(changes, self.look, form, parts.line, trigger_mode="always_last", **OWN)
        drawn = parts.controls.named(DRAWN, SPEED)
        if len(drawn) == 2:
            written = [one.change for one in drawn]
            last = {"trigger_mode": "always_last", **OWN}
            gr.on(written, self.show_path, drawn, parts.path, **last)
        model, shown = parts.controls.model, parts.controls.components
        if model is not None:
            model.input(self.change_model, shown, shown, **OWN)

    async def order(
        self, request: gr.Request, choice: Any, prompt: str, story: bool, *values: Any
    ) -> tuple[str, Any]:
        """Order what the form holds; return the notice, and the pictures for the next order."""
        try:
            options = self._options(prompt, story, values)
            chosen = PictureChoice.read(choice)
            await self.context.ordering(request).place(chosen, options)
        except MutoscopeError as error:
            return self._refusal(error), gr.skip()
        # What went on from a clip was one order; a picture stays for the next one.
        return "", PictureChoice().write() if chosen.extends else gr.skip()

    async def look(
        self, request: gr.Request, choice: Any, prompt: str, story: bool, *values: Any
    ) -> str:
        """Return what is said under the prompt."""
        if not prompt.strip():
            return ""
        try:
            chosen = PictureChoice.read(choice)
            options = self._options(prompt, story, values)
        except (MutoscopeError, ValueError):
            return ""
        first = chosen.uploads[0] if chosen.uploads else ""
        facts = self.context.uploads.facts(str(request.username), first)
        line = PreviewLine(self.context.studio, self.context.words)
        return await line.of(options, facts, len(chosen.uploads))

    async def act(self, request: gr.Request, event: gr.EventData) -> list[Any]:
        """Do what a button says; return the notice, the path, and the form where it is filled."""
        data = dict(event._data or {})
        name, job, value = (str(data.get(one) or "") for one in ("act", "job", "value"))
        kept = [gr.skip()] * (1 + len(self.parts.form))
        try:
            if name == DRAWN:
                return ["", *self._drawn(value, str(data.get("number"))[:20])]
            filled = await Actions(self.context.ordering(request)).do(name, job, value)
        except MutoscopeError as error:
            return [self._refusal(error), *kept]
        return ["", *(kept if filled is None else self._filled(filled))]

    def show_path(self, path: str, speed: str) -> dict[str, Any]:
        """Return what the browser draws of the path that is written."""
        return {"keyframes": boxes(path, speed), "words": path, "of": "words"}

    def _options(self, prompt: str, story: bool, values: Sequence[Any]) -> Options:
        return self.parts.controls.options(prompt, values, **{STORY: int(story)})

    def _drawn(self, drawn: str, number: str) -> list[Any]:
        """Return the path that was drawn, whose poses include its speed, and the form with it."""
        words = words_for(drawn)
        speed = {SPEED: Speed.NORMAL.value} if words else {}
        shown = {**self.show_path(words, ""), "of": number}
        controls = self.parts.controls.filled_in(**{DRAWN: words}, **speed)
        return [shown, *[gr.skip()] * 3, *controls]

    def change_model(self, *values: Any) -> list[Any]:
        """Return the controls for the model that was chosen."""
        return self.parts.controls.for_model(values)

    def _filled(self, filled: Filled) -> list[Any]:
        choice = gr.skip() if filled.choice is None else filled.choice.write()
        path, speed = (str(filled.options.get(name) or "") for name in (DRAWN, SPEED))
        controls = self.parts.controls.updates(filled.options)
        shown = {**self.show_path(path, speed), "of": "clip"}
        return [shown, choice, filled.prompt, bool(filled.options.get(STORY)), *controls]

    def _refusal(self, error: MutoscopeError) -> str:
        said = self.context.words.error(error)
        return element("p", text(said), role="alert", class_="mu-refused")
