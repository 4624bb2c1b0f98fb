"""How a checkpoint takes its picture, read from its mutoscope.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "mutoscope.json"


@dataclass(frozen=True, slots=True)
class Traits:
    """How a checkpoint takes its picture.

    moved: image_latents hold the moved picture in every frame, not the still one in the first.
    residual_scale: the UNet predicts (original - moved) / scale; 0 where it predicts the original.
    fills_uncovered: the residual counts where the path uncovers what the picture does not hold.
    clip_skip: how many of the last text layers are left out.
    """

    moved: bool = False
    residual_scale: float = 0.0
    fills_uncovered: bool = False
    clip_skip: int = 1

    @property
    def restores_detail(self) -> bool:
        """Tell whether lost detail of the moved picture is added to the decoded frames."""
        return self.moved and self.residual_scale > 0.0


def read_traits(folder: Path) -> Traits:
    """Read a checkpoint's traits; one that has no file of them is as the released one."""
    path = folder / FILE
    if not path.is_file():
        return Traits()
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    moved = config.get("image_latents") == "moved"
    residual = config.get("target") == "residual"
    return Traits(
        moved=moved,
        residual_scale=float(config.get("residual_scale", 0.0)) if residual else 0.0,
        fills_uncovered=residual and config.get("residual_where") == "uncovered",
        clip_skip=int(config.get("clip_skip", 0 if moved else 1)),
    )
