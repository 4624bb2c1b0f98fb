"""Every environment variable that the service reads stands in the README's table, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from bot.settings import BotSettings, WebSettings
from gpu_worker.settings import WorkerSettings

ROOT = Path(__file__).parents[1]
FOREIGN = {
    *("LANG", "LC_ALL", "LC_MESSAGES"),  # the command line's language
    *("HF_HOME", "HF_HUB_CACHE"),  # where huggingface_hub keeps checkpoints
    "AWS_ALLOW_HTTP",  # obstore's, looked at before it is used
    *("OMP_WAIT_POLICY", "PYTHONUNBUFFERED", "PYTORCH_ALLOC_CONF"),  # set for child processes
}

READERS = (BotSettings, WebSettings, WorkerSettings)
FIELDS = {name.upper() for settings in READERS for name in settings.model_fields}


def test_the_readme_lists_the_variables_that_are_read() -> None:
    text = ROOT.joinpath("README.md").read_text(encoding="utf-8")
    table = text.partition("| variable | meaning | default |\n")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[1:]]
    listed = [name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)]
    assert len(listed) == len(set(listed))
    assert set(listed) == FIELDS


def test_nothing_else_is_read_from_the_environment() -> None:
    reading = re.compile(r'(?:environ(?:\.\w+)?|getenv)[(\[]"(\w+)"')
    found = {
        name
        for room in ("bot", "gpu_worker", "storage", "deploy")
        for path in ROOT.joinpath(room).rglob("*.py")
        for name in reading.findall(path.read_text(encoding="utf-8"))
    }
    assert found - FOREIGN <= FIELDS
