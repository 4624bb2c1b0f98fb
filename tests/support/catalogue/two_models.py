"""A catalogue with the embedded model under a second name, at 100 times the price of its work."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.support.catalogue.admission import CATALOGUE_FILE

TWIN = "twin"


def write_two_models(folder: Path) -> Path:
    """Write the catalogue into a folder; return its file."""
    rows = yaml.safe_load(CATALOGUE_FILE.read_text("utf-8"))
    rows["models"][TWIN] = rows["models"]["embedded"] | {"cost": 100.0}
    path = folder / "two_models.yaml"
    path.write_text(yaml.safe_dump(rows), "utf-8")
    return path
