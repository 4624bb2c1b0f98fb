"""What the images install is pinned, all of it, to what the project asks for."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.images.pins import EXTRAS, FILE, pins, read_pins
from deploy.images.requirements import needed

PINNED = read_pins(FILE.read_text("utf-8"))


def test_everything_that_is_needed_is_pinned() -> None:
    found = needed(distribution("mutoscope"), *EXTRAS)
    assert {"torch", "discord-py", "asyncpg", "xformers", "yarl", "gradio"} <= set(found)
    assert set(found) - set(PINNED) == set()


def test_each_pin_is_a_version_that_the_project_accepts() -> None:
    wrong = [
        f"{wanted} is pinned to {PINNED[name]}"
        for wanted in map(Requirement, distribution("mutoscope").requires or ())
        if (name := canonicalize_name(wanted.name)) in PINNED
        and PINNED[name] not in wanted.specifier
    ]
    assert wrong == []


def test_what_is_not_installed_keeps_its_pin_or_is_named() -> None:
    project = distribution("mutoscope")
    assert pins(project, PINNED).keys() == PINNED.keys()
    absent = [name for name, it in needed(project, *EXTRAS).items() if it is None]
    for name in absent:
        assert pins(project, PINNED)[name] == PINNED[name]
        with pytest.raises(LookupError, match=name):
            pins(project, {})


@pytest.mark.parametrize("line", ["yarl", "yarl>=1", "yarl>=1,<2"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"yarl|unpack"):
        read_pins(f"# pins\n{line}\n")


def test_each_dockerfile_installs_by_the_pins() -> None:
    for name in ("bot", "worker"):
        text = Path(f"deploy/Dockerfile.{name}").read_text("utf-8")
        assert "PIP_CONSTRAINT=/source/deploy/constraints.txt" in text
