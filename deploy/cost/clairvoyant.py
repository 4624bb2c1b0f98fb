"""The least that workers could have been billed, had every order been known in advance.

Each clip is begun when it was begun by the policy, so that nobody waits longer or shorter. A worker
is started just in time, ends with its last clip, and is kept idle exactly where that is cheaper
than another start. What a single start takes is luck that nobody knows: each costs the average.
"""

from __future__ import annotations

from collections.abc import Sequence


def least_seconds(begun: Sequence[float], seconds: Sequence[float], start_seconds: float) -> float:
    """Return the least billed seconds for clips that begin at these times and take so long.

    Each clip is the first of a worker, at the price of a start, or follows another clip of its
    worker, at the price of the gap between both. A gap is its end minus its beginning, so the sum
    depends on which clips are followed and which follow, not on how they are paired: each clip may
    follow the latest end that is free.
    """
    moments = [(start, 1, length) for start, length in zip(begun, seconds, strict=True)]
    moments += [(start + length, 0, 0.0) for start, length in zip(begun, seconds, strict=True)]
    total, ends = 0.0, list[float]()
    for moment, is_start, length in sorted(moments):
        if not is_start:
            ends.append(moment)
            continue
        total += length
        if ends and moment - ends[-1] < start_seconds:
            total += moment - ends.pop()
        else:
            total += start_seconds
    return total
