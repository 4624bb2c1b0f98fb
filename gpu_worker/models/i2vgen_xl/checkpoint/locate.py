"""Checkpoint: where a model's files lie, and how its authors want it to be steered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

EMBEDDED = Path(__file__).parents[2] / "embedded"
TRAITS = "mutoscope.json"
PARTS = ("unet", "vae", "text_encoder", "image_encoder")
PATTERNS = (
    "*/config.json",
    "tokenizer/*",
    "scheduler/*",
    "feature_extractor/*",
    TRAITS,
)


@dataclass(frozen=True, slots=True)
class Traits:
    """How a checkpoint takes its picture.

    moved: image_latents hold the moved picture in every frame, not the still one in the first.
    scale: the net predicts (clean - moved) / scale; 0 for one that predicts the clean latents.
    fills: what it predicts counts where the path uncovers what the picture does not hold.
    skipped: how many of the last text layers are left out.
    """

    moved: bool = False
    scale: float = 0.0
    fills: bool = False
    skipped: int = 1

    @property
    def restores(self) -> bool:
        """Tell whether lost detail of the moved picture is given back to the frames."""
        return self.moved and self.scale > 0.0


def locate(source: str) -> Path:
    """Return the folder of `embedded`, of a path, or of a hub id; raise FileNotFoundError."""
    folder = EMBEDDED if source == "embedded" else Path(source).expanduser()
    if (folder / "unet" / "config.json").is_file():
        return folder
    if source == "embedded" or folder.is_absolute() or source.count("/") != 1:
        raise FileNotFoundError(f"no checkpoint in {folder}")
    return _from_hub(source)


def traits(folder: Path) -> Traits:
    """Read how the checkpoint is steered; one that says nothing is steered as the full one."""
    path = folder / TRAITS
    if not path.is_file():
        return Traits()
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    moved = said.get("image_latents") == "moved"
    residual = said.get("target") == "residual"
    return Traits(
        moved=moved,
        scale=float(said.get("residual_scale", 0.0)) if residual else 0.0,
        fills=residual and said.get("residual_where") == "uncovered",
        skipped=int(said.get("clip_skip", 0 if moved else 1)),
    )


def weights(folder: Path) -> Path:
    """Return the one weight file of a part, in half precision where there are two."""
    files = sorted(folder.glob("*.safetensors"), key=lambda path: "fp16" not in path.name)
    if not files:
        raise FileNotFoundError(f"no safetensors in {folder}")
    return files[0]


def _from_hub(source: str) -> Path:
    half = [f"{part}/*fp16.safetensors" for part in PARTS]
    try:
        folder = Path(snapshot_download(source, allow_patterns=[*PATTERNS, *half]))
        if not any((folder / "unet").glob("*.safetensors")):
            whole = [f"{part}/*.safetensors" for part in PARTS]
            folder = Path(snapshot_download(source, allow_patterns=[*PATTERNS, *whole]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise FileNotFoundError(f"{source} cannot be had from the hub: {error}") from error
    return folder
