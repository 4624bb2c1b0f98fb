"""A person's own clips, and the pictures of theirs that other clips may end with."""

from __future__ import annotations

from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.library.reuse import ReusedSettings
from bot.studio.studio import Studio
from storage.domain.job import Job
from storage.domain.request import GenerationRequest


async def order_of(studio: Studio, found: ReusedSettings, owner: str) -> Job | None:
    """Return an order of this person of the pictures that a clip's file names."""
    end = str(found.options.get(END_PICTURE, ""))
    return await studio.library.order_with(found.picture, owner, end) if found.picture else None


def picture_in(request: GenerationRequest, *, last: bool) -> str:
    """Return the key of the picture that a clip is made from, or that it ends with.

    Empty where there is none, and where it is a clip's file that was finished.
    """
    key = request.end_picture if last else request.picture
    return "" if key == request.source else key
