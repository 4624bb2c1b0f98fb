"""generation.yaml is read whole, and whatever is wrong with it is named by its place."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from storage.catalogue_file import CatalogueError, load_catalogue
from storage.domain.models.ranges import Span
from storage.domain.request import DenoisedShape, Preset


def test_the_catalogue_that_is_shipped_is_whole() -> None:
    catalogue = load_catalogue()
    assert set(catalogue.presets) == set(Preset)
    for model in catalogue.models.values():
        for name in ("frames", "fps", "steps", "guidance"):
            recommended: Span = getattr(model.recommended, name)
            assert recommended.low in getattr(model.limits, name)
            assert recommended.high in getattr(model.limits, name)
            assert getattr(model.defaults, name) in recommended


def test_the_default_clip_is_of_full_size_and_smooth() -> None:
    model = load_catalogue().model()
    request = model.request((1024, 576), picture="x", prompt="zoom in", seed=1)
    assert model.size(model.defaults.resolution, (100, 100)) == (512, 512)
    assert (request.fps, request.frames / request.fps) == (24, 2.5)
    assert model.limits.frames.high / request.fps == 5
    assert request.denoised == DenoisedShape(176, 96, 16)
    assert load_catalogue().model("i2vgen-xl").denoised(512, 512, 16) is None


def test_it_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_catalogue()
    monkeypatch.chdir(tmp_path)
    assert load_catalogue() == shipped


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("default_model", "none"),
        ("models", []),
        ("models.embedded.revision", "2"),
        ("models.embedded.revision", None),
        ("models.embedded.name", "another"),
        ("models.embedded.surprise", 1),
        ("models.embedded.aspects", "1:1"),
        ("models.embedded.aspects", ["1:1", 969]),  # 16:9 without quotes
        ("models.embedded.aspects", ["1:0"]),
        ("models.embedded.resolutions.640p", 640.5),
        ("models.embedded.defaults.steps", "4"),
        ("models.embedded.defaults.steps", True),
        ("models.embedded.defaults.preset", "turbo"),
        ("models.embedded.defaults.resolution", "999p"),
        ("models.embedded.limits", 3),
        ("models.embedded.limits.steps", [50, 2]),
        ("models.embedded.limits.steps", 50),
        ("models.embedded.limits.surprise", [1, 2]),
        ("models.embedded.recommended.fps", ["8", "12"]),
        ("profiles.cpu.memory_gib", float("nan")),
        ("profiles.cpu.name", "another"),
        ("presets.turbo", {}),
        ("presets.fast.guidance", [0.0]),
        ("presets.fast.scheduler", "unipc"),
        ("presets.fast.spacing", "tail"),
        ("presets.fast.rescale", 1.5),
        ("presets.fast", {"reuse": 0}),
        ("models.i2vgen-xl.capabilities", ["prompt", "smell"]),
        ("models.i2vgen-xl.presets", {"exact": {"guidance": [1, 0]}}),
        ("models.i2vgen-xl.pipeline", {"parameters": {"colour": "hue"}}),
        ("models.i2vgen-xl.pipeline", {"dtypes": {"vae": "fp8"}}),
        ("quota.credits_per_day", 1.5),
        ("surprise", 1),
    ],
)
def test_a_wrong_place_is_named_in_one_line(tmp_path: Path, place: str, value: object) -> None:
    path, data = tmp_path / "broken.yaml", _shipped()
    *parents, key = place.split(".")
    reduce(getitem, parents, data)[key] = value
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(CatalogueError, match=rf"broken\.yaml: {place}.*[:.]") as caught:
        load_catalogue(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["quota", "presets.draft", "models.embedded.limits.fps"])
def test_a_missing_place_is_named(tmp_path: Path, place: str) -> None:
    path, data = tmp_path / "broken.yaml", _shipped()
    *parents, key = place.split(".")
    del reduce(getitem, parents, data)[key]
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(CatalogueError, match=rf"broken\.yaml: {place}: missing"):
        load_catalogue(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("frame_step", 0, "frame_step: 0 is not 1 or more"),
        ("frame_step", 4, "defaults.frames: 16 is not a multiple of 4, plus one"),
        ("presets", {"fast": {"steps": 0.5}}, "presets.exact: missing"),
        ("presets", {"exact": {}}, "presets.draft: missing"),  # its candidates are drafts
    ],
)
def test_defaults_that_a_models_row_rules_out_are_named(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    path, data = tmp_path / "broken.yaml", _shipped()
    data["models"]["i2vgen-xl"][key] = value
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(CatalogueError, match=f"models.i2vgen-xl.{message}"):
        load_catalogue(path)


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "a: &a {b: *a}", "a: \0", "a: 2020-01-01"])
def test_what_is_no_catalogue_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(CatalogueError, match=r"broken\.yaml") as caught:
        load_catalogue(path)
    assert "\n" not in str(caught.value)


def test_a_catalogue_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"none.yaml cannot be read"):
        load_catalogue(tmp_path / "none.yaml")


@pytest.mark.parametrize("module", ["bot", "gpu_worker"])
def test_a_process_with_a_broken_catalogue_ends_with_status_2(tmp_path: Path, module: str) -> None:
    path, data = tmp_path / "broken.yaml", _shipped()
    data["quota"] = 3
    path.write_text(yaml.safe_dump(data))
    ended = subprocess.run(
        [sys.executable, "-m", module],
        env=os.environ | {"DISCORD_TOKEN": "none", "GENERATION_FILE": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert f"{path}: quota: " in line


def _shipped() -> Any:
    return yaml.safe_load(Path("generation.yaml").read_text(encoding="utf-8"))
