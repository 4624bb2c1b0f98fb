"""The house's own rules: what no linter holds."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("bot", "gpu_worker", "storage", "deploy", "tests")
CODE = {".py", ".js", ".css", ".html"}
LONGEST = 300
EMPTY_NAMES = {"utils", "util", "helpers", "common", "misc"}


def sources() -> list[Path]:
    """Return every source file of the house."""
    return [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in CODE]


def test_no_file_is_longer_than_one_noun_needs() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in sources()}
    assert lengths
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_every_file_is_named_after_what_it_holds() -> None:
    assert [path for path in sources() if path.stem in EMPTY_NAMES] == []


def test_the_top_level_holds_only_what_the_house_allows() -> None:
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    folders = {name for name in listed.stdout.split() if (ROOT / name).is_dir()}
    assert {name for name in folders if not name.startswith(".")} <= {*ROOMS, "docs"}
