"""What everything on the page in one language has in common."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from bot.studio.studio import Studio
from bot.web.files.pictures import PictureUploads
from bot.web.files.script_files import ScriptFiles
from bot.web.form.ordering import Ordering
from bot.web.orders.live_orders import LiveOrders
from bot.web.words import Words


@dataclass(frozen=True, slots=True)
class PageContext:
    """The studio, what is kept for the page, and its words.

    files are what scripts send and are sent.
    """

    studio: Studio
    live: LiveOrders
    uploads: PictureUploads
    words: Words
    files: ScriptFiles

    def ordering(self, request: gr.Request) -> Ordering:
        """Return what places the orders of whoever sent this request."""
        owner = str(request.username)
        return Ordering(self.studio, self.live, self.uploads, owner, self.words.locale)
