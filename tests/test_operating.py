"""The operator's guide promises no command that nobody has run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
GUIDE = ROOT.joinpath("docs", "operating.md").read_text("utf-8")
NOT_TRIED = re.compile(r"\*not tried here\*", re.IGNORECASE)

RUN = {
    "make images": "tests/deploy/images/test_main.py",
    "make chart": "tests/deploy/chart/test_chart.py",
    "python -m deploy.cost --trace evenings --clips-per-day 50 --offer runpod-flex-24gb"
    " --clip-seconds 40 60": "tests/deploy/cost/test_command.py",
}
"""Commands that are run, and the test that does what they do."""


RUN_IN_FULL = ("From SQLite to PostgreSQL, and back", "Backup and restore")
"""Sections of which tests/test_backup.py runs every command."""
UPGRADE = "Upgrade, and back"
"""Of which it runs those that are not marked."""


def section(title: str) -> str:
    """Return the text below a heading."""
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(text: str = GUIDE) -> list[tuple[str, list[str]]]:
    """Return each block of commands with the paragraph before it."""
    parts = re.split(r"^```(\w*)\n(.*?)^```\n", text, flags=re.DOTALL | re.MULTILINE)
    found = zip(parts[::3], parts[1::3], parts[2::3], strict=False)
    return [
        (text.strip().rpartition("\n\n")[2], block.splitlines())
        for text, language, block in found
        if not language
    ]


def unmarked(text: str) -> list[list[str]]:
    """Return the blocks that are not marked as not tried."""
    return [block for paragraph, block in blocks(text) if not NOT_TRIED.search(paragraph)]


def test_every_command_is_run_by_a_test_or_marked() -> None:
    assert len(blocks()) >= 5
    run = {line for title in RUN_IN_FULL for _, block in blocks(section(title)) for line in block}
    run |= {line for block in unmarked(section(UPGRADE)) for line in block}
    for paragraph, commands in blocks():
        unknown = [command for command in commands if command not in RUN.keys() | run]
        assert not unknown or NOT_TRIED.search(paragraph), unknown


def test_what_runs_the_commands_is_there() -> None:
    makefile = ROOT.joinpath("Makefile").read_text("utf-8")
    for command, test in RUN.items():
        if command.startswith("make "):
            assert f"\n{command.removeprefix('make ')}: " in makefile
        assert ROOT.joinpath(test).is_file()


def test_the_profiles_are_those_of_the_compose_file() -> None:
    services = yaml.safe_load(ROOT.joinpath("deploy", "compose.yaml").read_text("utf-8"))[
        "services"
    ]
    profiles = {name for service in services.values() for name in service.get("profiles", ())}
    assert set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)) == profiles


def test_every_panel_of_the_dashboard_is_explained() -> None:
    dashboard = ROOT.joinpath("deploy", "chart", "dashboards", "mutoscope.json")
    panels = [panel["title"] for panel in json.loads(dashboard.read_text("utf-8"))["panels"]]
    rows = re.findall(r"^\| (.+?) \| .+ \| .+ \|$", section("Read the dashboard"), re.MULTILINE)
    assert rows[2:] == panels
