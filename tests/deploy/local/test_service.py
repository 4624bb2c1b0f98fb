"""The service restarts a crashed process, and explains a missing token."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from deploy.local import service
from deploy.local.service import WrongSettings, keep_running, main
from deploy.local.stack.waiting import poll


def module(folder: Path, code: str) -> tuple[str, str, dict[str, str]]:
    """Return the name, module and environment of a process with this code."""
    (folder / "stand_in.py").write_text(code)
    return "stand-in", "stand_in", {**os.environ, "PYTHONPATH": str(folder)}


async def test_a_crashed_process_is_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "FIRST_PAUSE", 0.01)
    caplog.set_level(logging.WARNING)
    seen = tmp_path / "runs"
    crash = f"open({str(seen)!r}, 'a').write('x'); raise SystemExit(3)"
    running = asyncio.create_task(keep_running(*module(tmp_path, crash)))
    await poll(lambda: seen.exists() and len(seen.read_text()) >= 3, 20, "three runs")
    running.cancel()
    await asyncio.wait([running])
    assert "stand-in ended with status 3; again in" in caplog.text


async def test_a_process_with_wrong_settings_is_not_restarted(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match="stand-in"):
        await keep_running(*module(tmp_path, "raise SystemExit(2)"))


def test_a_missing_token_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    assert main([]) == 2
    printed = capsys.readouterr().err
    assert "discord.com/developers" in printed
    assert "make demo" in printed
