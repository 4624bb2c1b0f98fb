"""`make images` where nothing can build images."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deploy.images import buildah
from deploy.images.__main__ import NO_TOOL, main
from deploy.images.buildah import Buildah
from deploy.images.container_tool import ToolMissing
from deploy.images.pip_settings import PipSettings


def test_without_any_tool_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert main(["--home", str(tmp_path / "home")]) == NO_TOOL
    output = capsys.readouterr().out
    assert "no Docker engine that answers, and buildah and debootstrap missing" in output
    assert "apt-get install buildah debootstrap" in output


def test_a_docker_without_an_engine_and_buildah_without_root_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buildah, "missing", lambda *_: [])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolMissing, match="buildah needs root"):
        Buildah(tmp_path, PipSettings("", {}))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_images_make_a_clip(capsys: pytest.CaptureFixture[str]) -> None:
    status = main([])
    output = capsys.readouterr().out
    if status == NO_TOOL:
        pytest.skip(output)
    assert status == 0, output
    assert "\nclip: " in output
    assert " bytes was made at the page." in output
    assert "All containers are healthy." in output
