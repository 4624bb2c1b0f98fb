"""The evaluation's command line, with a tiny model of random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from gpu_worker.lab.evaluate.__main__ import main
from storage.catalogue_file import load_catalogue
from tests.gpu_worker.media.test_motion import picture


@pytest.fixture
def environ(moved_checkpoint: Path, tmp_path: Path) -> dict[str, str]:
    """Return settings for the tiny model, with short and small clips."""
    text = Path("generation.yaml").read_text(encoding="utf-8")
    assert load_catalogue().model().defaults.steps == 4
    for old, new in (
        ("512p: 512", "512p: 96"),
        ("side: 128, frames: 16", "side: 64, frames: 4"),
        ("frames: 60", "frames: 8"),
        ("steps: 4", "steps: 2"),
    ):
        text = text.replace(old, new, 1)
    (tmp_path / "generation.yaml").write_text(text, encoding="utf-8")
    return {
        "MODEL": str(moved_checkpoint),
        "MODEL_ROW": "embedded",
        "GENERATION_FILE": str(tmp_path / "generation.yaml"),
    }


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with one picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(picture()).save(folder / "drawn.png")
    return folder


def test_the_last_line_is_one_json_object(
    environ: dict[str, str], pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = tmp_path / "prompts.json"
    prompts.write_text(json.dumps({"pan_left": ["pan left", "向左平移"]}))
    out = tmp_path / "out"
    arguments = ["--pictures", str(pictures), "--prompts", str(prompts), "--out", str(out)]
    assert main([*arguments, "--compared", "1"], environ) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["clips"] == 2
    assert set(report["obeyed"]) == {"pan_left"}
    assert report["checkpoint_bytes"] > 10_000
    assert {"zoom_in", "zoom_out", "tilt_up"} < set(report["against_moved_picture"])
    for name in ("energy_where_shown", "energy_where_filled", "jump_across_border"):
        assert report[name] > 0
    assert (out / "drawn__pan_left__1.mp4").is_file()
    assert (out / "contact_sheet.png").is_file()


@pytest.mark.parametrize("option", ["--pictures", "--prompts"])
def test_missing_inputs_are_reported_before_anything_runs(
    environ: dict[str, str], option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([option, str(tmp_path / "missing"), "--out", str(tmp_path)], environ) == 2
    assert "missing" in capsys.readouterr().err


def test_a_missing_checkpoint_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    environ = {"MODEL": str(tmp_path / "empty"), "MODEL_ROW": "embedded"}
    assert main(["--out", str(tmp_path)], environ) == 2
    assert "no checkpoint" in capsys.readouterr().err
