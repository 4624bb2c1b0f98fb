"""What is said under the prompt while somebody types: hints, the camera, and what it will take."""

from __future__ import annotations

from dataclasses import dataclass

from bot.studio.library.outlook import OrderOutlook
from bot.studio.options import Options
from bot.studio.studio import Studio
from bot.web.markup import element, text
from bot.web.words import Words
from storage.domain.advice import advice_on_picture, advice_on_prompt
from storage.domain.errors import MutoscopeError
from storage.domain.picture import PictureFacts
from storage.domain.request import GenerationRequest

SQUARE = (1, 1)


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """Looks at an order that is still being written."""

    studio: Studio
    words: Words

    async def of(self, options: Options, facts: PictureFacts | None, count: int) -> str:
        """Return the markup for options and for what is known of the first of `count` pictures."""
        size = (facts.width, facts.height) if facts else SQUARE
        try:
            request = self.studio.admission.admit(options, "", size, seed=0)
            outlook = await self.studio.outlook.of(request)
        except (MutoscopeError, ValueError) as error:
            if not isinstance(error, MutoscopeError):  # a number that cannot be read yet
                return ""
            return element("p", text(self.words.error(error)), class_="mu-warned")
        model = self.studio.admission.catalogue.model(request.model)
        hints = [*advice_on_prompt(request, model)]
        hints += advice_on_picture(request, facts) if facts else ()
        notes = [element("p", text(self.words.note(one)), class_="mu-hint") for one in hints]
        return "".join((*notes, self._facts(request, outlook, max(1, count))))

    def _facts(self, request: GenerationRequest, outlook: OrderOutlook, count: int) -> str:
        words = self.words
        parts = [words.camera(request) if request.names_motion else ""]
        if request.segments:
            length = words.duration(request.made_frames / request.fps)
            parts.append(words("page_story_length", count=request.segment_count, time=length))
        parts.append(words("quota_credits", count=outlook.credits * count))
        if outlook.seconds is not None:
            parts.append(words("page_takes", time=words.duration(outlook.seconds * count)))
        if outlook.memory_gib:
            parts.append(words("page_memory", size=f"{outlook.memory_gib:g}"))
        elif outlook.memory_gib == 0:
            parts.append(words("page_processor"))
        return element("p", text(" · ".join(filter(None, parts))), class_="mu-takes")
