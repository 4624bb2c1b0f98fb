"""How a preset samples: its scheduler, and which of the trained timesteps it takes."""

from __future__ import annotations

from enum import StrEnum


class Scheduler(StrEnum):
    """The solver of a preset, by the name that people know it by; OWN is the model's."""

    OWN = ""
    DDIM = "ddim"
    DPM_PLUS_PLUS = "dpm++"


class Spacing(StrEnum):
    """Where a clip's timesteps lie among the trained ones, in diffusers' words; OWN is the model's.

    Leading steps begin below the last one, that of pure noise; trailing ones begin with it
    (arXiv 2305.08891).
    """

    OWN = ""
    LEADING = "leading"
    LINSPACE = "linspace"
    TRAILING = "trailing"
