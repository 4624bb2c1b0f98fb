"""A person's finished clips as HTML: thumbnails page by page, and one clip with its details."""

from __future__ import annotations

from dataclasses import dataclass

from bot.studio.parameter_lines import write_details
from bot.studio.studio import Studio
from bot.web.markup import address, element, text, void
from bot.web.orders.card_html import CLIP_ACTIONS, ENDED_ACTIONS, CardHtml
from bot.web.orders.own_clips import picture_in
from bot.web.words import Words
from storage.domain.errors import JobGone
from storage.domain.job import Job
from storage.domain.library.lineage import relation_of
from storage.domain.library.pages import PageRequest
from storage.domain.models.capability import Capability
from storage.domain.prompt.story import title_of


@dataclass(frozen=True, slots=True)
class HistoryHtml:
    """Renders the history of one person."""

    studio: Studio
    words: Words
    owner: str

    async def page(self, anchor: str, search: str) -> str:
        """Return the thumbnails of the clips that are older than the anchor (empty: the newest)."""
        found = await self.studio.library.page(PageRequest(self.owner, anchor, search=search))
        tiles = "".join(self._tile(job) for job in found.jobs)
        if not tiles and not anchor:
            key = "page_not_found" if search else "page_no_clips"
            return element("p", text(self.words(key, search=search)), class_="mu-empty")
        if found.older:
            label = text(self.words("page_older"))
            tiles += element(
                "button", label, type="button", class_="mu-older", data_anchor=found.older
            )
        return tiles

    async def clip(self, job: Job) -> str:
        """Return a clip with its details and what can be done with it."""
        cards = CardHtml(self.words)
        ends = job.clip is not None and job.clip.candidates
        actions = cards.buttons(job, *(ENDED_ACTIONS if ends else CLIP_ACTIONS))
        if job.clip is not None:
            actions += [] if ends else [cards.finish_menu(job)]
            actions.append(cards.download(job))
        actions += self._ends(job)
        actions += cards.buttons(job, "delete")
        details = write_details(
            self.studio.admission.options_for(job.request.model), job.request, job.clip
        )
        rows = [line.partition(": ") for line in details.splitlines()]
        return "".join(
            (
                cards.clip(job, large=True) if job.clip else "",
                element("h3", text(title_of(job.request)), class_="mu-prompt"),
                element("p", text(self.words.ended(job)), class_="mu-status"),
                element("div", *actions, class_="mu-actions"),
                element(
                    "dl",
                    *(
                        element("dt", text(name)) + element("dd", text(value))
                        for name, _, value in rows
                    ),
                ),
                await self._family(job),
            )
        )

    def _ends(self, job: Job) -> list[str]:
        """Return buttons that let the next clip end with a picture of this one's."""
        cards, models = CardHtml(self.words), self.words.admission.catalogue.models.values()
        if not any(Capability.END_PICTURE in model.capabilities for model in models):
            return []
        labels = {"first": "page_end_first", "last": "page_end_last"}
        return [
            cards.button(job, "end", self.words(label), data_value=name)
            for name, label in labels.items()
            if picture_in(job.request, last=name == "last")
        ]

    async def _family(self, job: Job) -> str:
        """Return buttons for what a clip was made from, and for what was made of it."""
        related: list[tuple[str, Job, Job, Job]] = []
        if job.parent:
            try:
                parent = await self.studio.job(job.parent)
                related.append(("details_parent", parent, parent, job))
            except JobGone:
                pass
        for child in await self.studio.library.children(job.id):
            related.append(("details_children", child, job, child))
        lines = []
        for key, shown, older, younger in related:
            if shown.owner == self.owner and shown.clip is not None:
                relation = self.words(
                    f"lineage_{relation_of(older.request, younger.request).value}"
                )
                label = f"{self.words(key)}: {relation} · {title_of(shown.request)}"
                lines.append(element("button", text(label), type="button", data_open=shown.id))
        return element("div", *lines, class_="mu-family") if lines else ""

    def _tile(self, job: Job) -> str:
        prompt = title_of(job.request)
        picture = void(
            "img",
            src=address("thumbnails", job.id),
            alt=self.words("page_clip_alt", prompt=prompt),
            loading="lazy",
        )
        caption = element("span", text(prompt))
        return element(
            "button", picture, caption, type="button", class_="mu-tile", data_open=job.id
        )
