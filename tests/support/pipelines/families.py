"""The rows of the catalogue that are pipelines of diffusers, and tiny folders in their place."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.support.catalogue.admission import CATALOGUE_FILE
from tests.support.pipelines.tiny import save

FAMILIES = {
    "wan2.2-ti2v-5b": ("WanPipeline", (64, 64), 9),
    "ltx-video": ("LTXPipeline", (64, 64), 9),
    "cogvideox-5b-i2v": ("CogVideoXImageToVideoPipeline", (96, 64), 9),
    "svd-xt": ("StableVideoDiffusionPipeline", (64, 64), 5),
}
"""For each row: the class that its folder names, and a small clip that its parts can make."""


def write_tiny_catalogue(folder: Path) -> Path:
    """Write the catalogue into a folder; its pipelines are tiny folders there, its clips small."""
    rows = yaml.safe_load(CATALOGUE_FILE.read_text("utf-8"))
    for name, (kind, (width, height), frames) in FAMILIES.items():
        row = rows["models"][name]
        row["source"] = str(save(folder / name, kind))
        row["resolutions"] = {"tiny": round((width * height) ** 0.5)}
        row["aspects"] = [f"{width}:{height}"]
        row["limits"]["frames"] = [frames, row["limits"]["frames"][1]]
        row["defaults"] |= {"resolution": "tiny", "frames": frames}
    path = folder / "pipelines.yaml"
    path.write_text(yaml.safe_dump(rows), "utf-8")
    return path
