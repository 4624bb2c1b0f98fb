"""Sequence of wordings: the motions that a prompt tells one after the other, in so many words.

"First zoom in, then pan left" and 先推近，然后向左摇 are two; motions that a comma alone parts are
left to the reading of one.
"""

from __future__ import annotations

import re

from storage.domain.camera.motion import Motion, Speed
from storage.domain.camera.sequence import LONGEST, MOTIONS
from storage.domain.prompt import reading as wording
from storage.domain.prompt.mention import Mention, Rank
from storage.domain.prompt.reading import Reading

NEXT = re.compile(
    r"\b(?:then|after that|after which|afterwards?|followed by|next|finally|lastly|and at last)\b"
    r"|然后|然後|接着|接著|随后|隨後|之后|之後|后来|後來|最后|最後|而后|而後|再(?!次|现|現)|(?<![向往朝])[后後](?=[再，,向往朝左右推放缩])"
    # 推近后拉远 goes on after a motion, 镜头后拉 is one motion.
    r"|(?<=[近远遠左右上下入出大小摇搖移转轉,])[后後](?=[拉摇搖上下移转轉])"
)


def read(prompt: str) -> tuple[Reading, ...]:
    """Return the motions in their order; fewer than two different ones are no sequence."""
    text = wording.plain(prompt)
    edges = [match.start() for match in NEXT.finditer(text)]
    if not edges:
        return ()
    found = wording.mentions(text)
    told: list[Reading] = []
    for start, end in zip([0, *edges], [*edges, len(text)], strict=True):
        told += step([mention for mention in found if start <= mention.place < end])[:1]
    several = len({reading.motion for reading in told}) > 1
    return tuple(told[:LONGEST]) if several else ()


def step(mentions: list[Mention]) -> tuple[Reading, ...]:
    """Return the different motions that one step names in so many words, the clearest first."""
    said = [
        mention
        for mention in mentions
        if not mention.negated
        and mention.motion in MOTIONS
        and (mention.rank is Rank.VERB or mention.motion is Motion.STATIC)
    ]
    ranked = sorted(said, key=lambda mention: (mention.rank, mention.place))
    first = {mention.motion: mention for mention in reversed(ranked)}
    return tuple(
        Reading(mention.motion, mention.speed or Speed.NORMAL)
        for mention in ranked
        if first[mention.motion] is mention
    )
