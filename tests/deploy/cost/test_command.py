"""`python -m deploy.cost` meets its aims wherever arithmetic allows it, and says where not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from deploy.cost.__main__ import main
from tests.test_operating import section, unmarked

LOW = ["--clips-per-day", "20", "50", "100", "--trace", "steady", "bursty"]


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[list[dict[str, Any]], str]:
    """Run the command; return the rows of its last line, and all that it printed."""
    assert main([*arguments]) == 0
    text = capsys.readouterr().out
    found: list[dict[str, Any]] = json.loads(text.splitlines()[-1])["rows"]
    return found, text


def test_a_low_load_is_70_percent_cheaper_and_near_the_clairvoyant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, text = rows(capsys, *LOW, "--offer", "article", "runpod-flex-24gb", "runpod-flex-a100")
    assert len(found) == 3 * 3 * 3 * 2
    for row in found:
        assert row["saving"] >= min(0.7, row["bound"] - 0.03), row
        assert row["bound"] >= 0.7 or (row["clips_per_day"], row["cold_start_s"]) == (100, 90)
        assert 1.0 <= row["vs_clairvoyant"] <= 1.1
    keys = {"trace", "provider", "gpu", "money_per_clip", "utilisation", "wait_p95_s"}
    assert keys <= found[0].keys()
    assert "none with the same waiting can" in text


def test_what_the_guide_says_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    head = "python -m deploy.cost "
    [command] = [line for block in unmarked(section("Cut the bill")) for line in block]
    assert command.startswith(head)
    found, _ = rows(capsys, *command.removeprefix(head).split())
    assert {row["gpu"] for row in found}
    assert [row["clips_per_day"] for row in found] == [50, 50, 50]


def test_a_clip_costs_less_than_two_cents_on_the_24_gb_card(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, text = rows(
        capsys,
        *("--clips-per-day", "50", "--cold-start", "5", "20"),
        *("--trace", "steady", "bursty", "--offer", "runpod-flex-24gb"),
    )
    assert all(row["money_per_clip"] <= 0.02 for row in found)
    assert "assumed: clips of 40 to 60 s" in text
    assert "founding article" in text


def test_no_load_is_dearer_than_the_fixed_card(capsys: pytest.CaptureFixture[str]) -> None:
    loads = ("--clips-per-day", "400", "800", "--cold-start", "20", "--trace", "bursty", "steady")
    found, _ = rows(capsys, *loads)
    assert all(row["saving"] >= 0.0 for row in found)
    assert {row["fixed_days"] for row in found} >= {0.0, 1.0}


def test_longer_clips_cost_more(capsys: pytest.CaptureFixture[str]) -> None:
    setup = ("--clips-per-day", "50", "--cold-start", "20", "--trace", "steady")
    [usual], _ = rows(capsys, *setup, "--offer", "runpod-flex-24gb")
    [longer], text = rows(
        capsys, *setup, "--offer", "runpod-flex-24gb", "--clip-seconds", "90", "110"
    )
    assert longer["money_per_clip"] > 1.4 * usual["money_per_clip"]
    assert "missed" in text
    assert "as given" in text


def test_the_break_even_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "plot.png"
    setup = ("--clips-per-day", "50", "400", "--trace", "steady", "--plot", str(file))
    rows(capsys, *setup, "--offer", "runpod-flex-24gb", "--cold-start", "5", "20")
    with Image.open(file) as image:
        colours = {colour for _, colour in image.getcolors(100_000) or ()}
    assert {(31, 119, 180), (214, 98, 39)} <= colours


def test_an_offer_without_a_fixed_card_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--offer", "modal-t4"]) == 2
    assert "modal-t4" in capsys.readouterr().err
