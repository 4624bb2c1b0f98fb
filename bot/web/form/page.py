"""The page in one language: one picture, one prompt, one button, and everything else folded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from bot.web.form.choice import PictureChoice
from bot.web.form.context import PageContext
from bot.web.form.controls import Controls
from bot.web.form.page_events import PageEvents, PageParts
from bot.web.form.scripts import Scripts
from bot.web.form.sent_files import PageBlocks
from bot.web.markup import element, text
from bot.web.samples import SAMPLES, read_sample
from storage.domain.models.capability import Capability
from storage.domain.prompt.story import LEAST_SEGMENTS
from storage.domain.request import MOST_SEGMENTS, PROMPT_LIMIT

PICTURE_LABELS = (
    *("drop", "choose", "remove", "add", "samples", "sample", "chosen", "uploading"),
    *("of_clip", "extends", "end", "end_about", "end_hint", "end_unknown", "offline"),
    *("path_draw", "path_clear", "path_begin", "path_end", "path_begins", "path_ends"),
)
BOARD_LABELS = ("orders", "history", "search", "close", "lost_touch", "details")


@dataclass(frozen=True, slots=True)
class PageForm:
    """Builds the page in one language."""

    context: PageContext

    def build(self) -> gr.Blocks:
        """Return the page."""
        facts: dict[str, Any] = {
            "analytics_enabled": False,
            "title": "Mutoscope",
            "fill_width": True,
        }
        with PageBlocks(self.context.files.folder, **facts) as page:
            with gr.Row(elem_id="mu-page"):
                with gr.Column(scale=5, min_width=320, elem_id="mu-form"):
                    gr.HTML(self._title())
                    form = self._form()
                with gr.Column(scale=7, min_width=320):
                    board = self._board()
                    gr.HTML(self._account(), apply_default_css=False)
            PageEvents(self.context, PageParts(**form, board=board)).connect()
            Scripts(self.context).add()
        return page

    def _form(self) -> dict[str, Any]:
        words = self.context.words
        return {
            "pictures": self._pictures(),
            "prompt": self._prompt(),
            "story": self._story(),
            "line": gr.HTML(elem_id="mu-advice"),
            "make": gr.Button(words("page_make"), variant="primary", elem_id="mu-make"),
            "notice": gr.HTML(elem_id="mu-notice"),
            "controls": Controls.build(words),
            "path": self._path(),
        }

    def _title(self) -> str:
        return element("h1", "Mutoscope") + element("p", text(self.context.words("page_about")))

    def _prompt(self) -> gr.Textbox:
        return gr.Textbox(
            label=self.context.words("form_prompt"),
            placeholder=self.context.words("page_prompt_example"),
            max_length=PROMPT_LIMIT,
            lines=2,
            max_lines=6,
            elem_id="mu-prompt",
        )

    def _story(self) -> gr.Checkbox:
        about = self.context.words("page_story_about", low=LEAST_SEGMENTS, high=MOST_SEGMENTS)
        return gr.Checkbox(
            label=self.context.words("page_story"), info=about, container=False, elem_id="mu-story"
        )

    def _pictures(self) -> gr.HTML:
        words = self.context.words
        there = [name for name in SAMPLES if read_sample(name) is not None]
        return gr.HTML(
            PictureChoice().write(),
            html_template="<div class='mu-pictures'></div>",
            js_on_load=(
                "window.mutoscope.pictures(element, props, trigger, watch); // 'act', 'change'"
            ),
            elem_id="mu-pictures",
            apply_default_css=False,
            labels={name: words(f"pictures_{name}") for name in PICTURE_LABELS},
            samples=there,
            aspects=self._aspects(),
        )

    def _path(self) -> gr.HTML:
        """Return what hears of the path that is written; it is drawn on the picture."""
        return gr.HTML(
            {"keyframes": [], "words": ""},
            html_template="<div></div>",
            js_on_load="window.mutoscope.path(props, watch);",
            elem_id="mu-path",
            apply_default_css=False,
        )

    def _aspects(self) -> list[float]:
        """Return the shapes of clips, width / height; none where no camera can be drawn."""
        model = self.context.words.admission.catalogue.model()
        steered = Capability.CAMERA in model.capabilities
        return [wide / high for wide, high in model.aspects] if steered else []

    def _account(self) -> str:
        """Return the folded section about the person, which is loaded once it is unfolded."""
        words = self.context.words
        summary = element("summary", text(words("page_account")))
        offline = words("pictures_offline")
        body = element("div", class_="mu-account-body", data_offline=offline)
        return element("details", summary, body, class_="mu-account")

    def _board(self) -> gr.HTML:
        words = self.context.words
        return gr.HTML(
            html_template="<div class='mu-board'></div>",
            js_on_load="window.mutoscope.board(element, props, trigger); // 'act'",
            elem_id="mu-board",
            apply_default_css=False,
            labels={name: words(f"page_{name}") for name in BOARD_LABELS},
        )
