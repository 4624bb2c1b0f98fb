"""The named optimizations of the engine, each of which can be switched off."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Optimizations:
    """Which optimizations are on; none changes what is computed, only how often and how.

    constants: what does not depend on the step is computed once per clip.
    context: keys and values of cross-attention are projected once per clip, not per frame and step.
    time_table: the embeddings of all steps are projected in one go, one row per step.
    shared_prefix: what both halves of guidance have in common is computed once.
    no_division: no division by a scale of one.
    conv2d: a temporal convolution runs as a two-dimensional one over (frames, pixels).
    channels_last: feature maps keep channels innermost, so that no view needs a copy.
    fused_upsampling: on a CPU, upsampling and its convolution are one convolution of the small map.
    fused_projections: query, key and value come from one matrix product.
    fused_gate: the feed-forward's activation and gate happen within the matrix products.
    attention: the kernel is chosen by the kind of attention instead of one kernel for all.
    scalar_steps: the scheduler's step is two products with plain numbers, without a device sync.
    short_text: the last text layer, whose output is thrown away, is not computed.
    chunked_decode: as many frames are decoded at once as memory allows.
    compiled: layers are compiled one by one (on a GPU).
    """

    constants: bool = True
    context: bool = True
    time_table: bool = True
    shared_prefix: bool = True
    no_division: bool = True
    conv2d: bool = True
    channels_last: bool = True
    fused_upsampling: bool = True
    fused_projections: bool = True
    fused_gate: bool = True
    attention: bool = True
    scalar_steps: bool = True
    short_text: bool = True
    chunked_decode: bool = True
    compiled: bool = False

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
