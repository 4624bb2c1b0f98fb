"""The finished segments of a story, without any Redis."""

from __future__ import annotations

from storage.queue.messages.outcomes import FinishedSegment


class RecordedSegments:
    """Keeps what is added, as JobSegments does."""

    def __init__(self) -> None:
        self.kept: list[FinishedSegment] = []

    async def finished(self) -> list[FinishedSegment]:
        return [*self.kept]

    async def add(self, index: int, segment: FinishedSegment) -> None:
        self.kept[index:] = [segment]
