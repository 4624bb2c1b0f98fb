"""The layout's own rules, those that no linter checks."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "gpu_worker", "storage", "deploy")
CODE = {".py", ".js", ".css", ".html"}
FULL_FOLDER = 15
"""Most Python files in one folder; the database's migrations only ever grow."""

EMPTY_NAMES = {"utils", "util", "helpers", "common", "misc"}


@cache
def sources(*folders: str) -> tuple[Path, ...]:
    """Return every source file of these folders that is under version control or new."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    paths = (ROOT / name for name in listed.stdout.splitlines())
    return tuple(path for path in paths if path.suffix in CODE and path.is_file())


@cache
def import_graph() -> grimp.ImportGraph:
    """Return which module of the source tree imports which, type-checking imports included."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def contracts() -> list[dict[str, Any]]:
    """Return the import contracts as pyproject.toml states them."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: list[dict[str, Any]] = data["tool"]["importlinter"]["contracts"]
    return found


def named_modules(contract: dict[str, Any]) -> Iterator[str]:
    """Yield every module that a contract names, those of its layers in full."""
    containers = contract.get("containers", [""])
    for layer in contract.get("layers", ()):
        for name in layer.replace(":", "|").split("|"):
            for container in containers:
                yield f"{container}.{name.strip(' ()')}".lstrip(".")
    for key in ("modules", "source_modules", "forbidden_modules", "protected_modules"):
        yield from contract.get(key, ())
    yield from contract.get("allowed_importers", ())


def test_no_class_name_is_defined_twice() -> None:
    places = defaultdict(list)
    for path in sources(*PACKAGES):
        if path.suffix == ".py":
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(str(path.relative_to(ROOT)))
    assert len(places) > 100
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_no_folder_holds_more_than_a_reader_overlooks() -> None:
    folders: dict[str, int] = defaultdict(int)
    for path in sources(*PACKAGES, "tests"):
        if path.suffix == ".py" and path.name != "__init__.py" and "versions" not in path.parts:
            folders[str(path.parent.relative_to(ROOT))] += 1
    assert {folder: count for folder, count in folders.items() if count > FULL_FOLDER} == {}


def test_every_file_is_named_after_what_it_holds() -> None:
    assert [path for path in sources(*PACKAGES, "tests") if path.stem in EMPTY_NAMES] == []


def test_no_module_imports_itself_over_others() -> None:
    graph = import_graph()
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 200
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail("these modules import each other: " + " -> ".join(error.args[1]))


def test_every_module_is_reached_by_a_contract() -> None:
    named = {name for contract in contracts() for name in named_modules(contract)}
    graph = import_graph()
    parts = {module: module.split(".") for module in graph.modules}
    uncovered = {
        module
        for module, names in parts.items()
        if not any(".".join(names[: end + 1]) in named for end in range(len(names)))
    }
    assert uncovered == set()


def test_every_library_that_a_package_stands_for_is_protected() -> None:
    protected = {
        name
        for contract in contracts()
        if contract["type"] == "protected"
        for name in contract["protected_modules"]
    }
    assert {"discord", "arq", "redis", "sqlalchemy", "alembic", "torch", "diffusers"} <= protected


def test_the_top_level_holds_only_what_the_layout_allows() -> None:
    command = ["git", "ls-tree", "--name-only", "HEAD"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    folders = {name for name in listed.stdout.split() if (ROOT / name).is_dir()}
    assert {name for name in folders if not name.startswith(".")} <= {*PACKAGES, "tests", "docs"}


PATH = re.compile(r"`((?:bot|gpu_worker|storage|deploy|tests|docs)/[\w./-]*)`")
MODULE = re.compile(r"python -m ((?:bot|gpu_worker|storage|deploy)(?:\.\w+)*)")


def test_documents_name_only_what_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    texts = {page.name: page.read_text("utf-8") for page in pages if page.name != "CHANGELOG.md"}
    paths = [(page, path) for page, text in texts.items() for path in PATH.findall(text)]
    modules = [(page, name) for page, text in texts.items() for name in MODULE.findall(text)]
    assert len(paths) > 20
    assert len(modules) > 3
    assert [(page, path) for page, path in paths if not (ROOT / path).exists()] == []
    assert [(page, name) for page, name in modules if not runs(name)] == []


def runs(module: str) -> bool:
    """Tell whether `python -m` takes this name."""
    place = ROOT / module.replace(".", "/")
    return place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
