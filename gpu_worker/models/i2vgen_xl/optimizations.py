"""The optimizations of the engine that can be switched off."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Optimizations:
    """Which optimizations are on, of those that can be measured or stand in the way somewhere.

    None changes what is computed, only how often and how.

    shared_prefix: what both halves of guidance have in common is computed once.
    channels_last: feature maps keep channels innermost, so that no view needs a copy.
    fused_gate: the feed-forward's activation and gate happen within the matrix products (on a CPU).
    chunked_decode: as many frames are decoded at once as memory allows.
    compiled: layers are compiled one by one (on a GPU).
    """

    shared_prefix: bool = True
    channels_last: bool = True
    fused_gate: bool = True
    chunked_decode: bool = True
    compiled: bool = True

    def without(self, name: str) -> Optimizations:
        """Return these with one of them off; raise TypeError for an unknown name."""
        return replace(self, **{name: False})

    @classmethod
    def none(cls) -> Optimizations:
        """Return optimizations that are all off."""
        return cls(**{field.name: False for field in fields(cls)})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return every optimization's name."""
        return tuple(field.name for field in fields(cls))
