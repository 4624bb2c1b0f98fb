"""What Docker is asked to do; a script in its place writes down how it is called."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from deploy.images.container_tool import BuildFailed
from deploy.images.docker import Docker
from deploy.images.image import BOT, CPU_WORKER, WEB, Image
from deploy.images.pip_settings import for_a_build

SCRIPT = """#!{python}
import json, pathlib, sys
secrets = [word.partition("src=")[2] for word in sys.argv if "src=" in word]
call = {{"argv": sys.argv[1:], "secret": "".join(pathlib.Path(s).read_text() for s in secrets)}}
with open({log!r}, "a") as log:
    log.write(json.dumps(call) + "\\n")
if "inspect" in sys.argv:
    print("CMD\\npython\\n-c\\npass")
sys.exit("unbuildable" in sys.argv)
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the calls, one JSON object a line."""
    path, script = tmp_path / "calls", tmp_path / "docker"
    script.write_text(SCRIPT.format(python=sys.executable, log=str(path)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return path


def last_call(log: Path) -> tuple[str, str]:
    """Return the last call's arguments and what its secret held."""
    call = json.loads(log.read_text().splitlines()[-1])
    return " ".join(call["argv"]), call["secret"]


def test_a_build_gets_pips_settings_but_for_local_folders(log: Path, tmp_path: Path) -> None:
    listed = f"global.find-links={str(tmp_path)!r}\nglobal.index-url='https://u:p@pypi.example'"
    Docker(for_a_build(listed)).build(CPU_WORKER)
    arguments, secret = last_call(log)
    assert arguments.startswith("build --secret id=pip,src=")
    assert "--build-arg EXTRAS=worker" in arguments
    assert "deploy/Dockerfile.worker --tag mutoscope-worker:cpu" in arguments
    assert secret.split("\n") == ["[global]", "index-url = https://u:p@pypi.example"]
    assert "pypi.example" not in arguments


def test_a_container_is_read_only_and_unprivileged(log: Path) -> None:
    docker = Docker(for_a_build(""))
    command = " ".join(docker.run_command(BOT, "bot", {"REDIS_URL": "redis://127.0.0.1:1/0"}))
    for option in ("--read-only", "--tmpfs /tmp", "--cap-drop ALL", "--network host"):
        assert option in command
    assert command.endswith("--env REDIS_URL=redis://127.0.0.1:1/0 mutoscope-bot")
    page = " ".join(docker.run_command(WEB, "web", {}))
    assert page.endswith("mutoscope-web mutoscope web --page-only")
    health = docker.health_command(BOT, "bot")
    assert health[:2] == ["docker", "exec"]
    assert health[3:] == ["python", "-c", "pass"]
    assert health[2] in command
    docker.close()
    calls = [" ".join(json.loads(line)["argv"]) for line in log.read_text().splitlines()]
    assert calls[-2].startswith(f"rm --force {health[2]} mutoscope-web-")
    assert calls[-1].startswith("volume rm mutoscope-")


def test_a_build_that_fails_is_told(log: Path) -> None:
    failing = Image("unbuildable", BOT.dockerfile)
    with pytest.raises(BuildFailed, match="docker build --secret … ended with status 1"):
        Docker(for_a_build("")).build(failing)
