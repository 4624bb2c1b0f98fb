"""The service starts a crashed part again, and says plainly what it lacks."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from deploy.local import service
from deploy.local.service import GaveUp, Part, keep_running, main
from deploy.local.stack.waiting import until


def part(folder: Path, code: str) -> tuple[Part, dict[str, str]]:
    """A module that runs as a part of the service would."""
    (folder / "stand_in.py").write_text(code)
    return Part("stand-in", "stand_in"), {**os.environ, "PYTHONPATH": str(folder)}


async def test_a_crashed_part_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "FIRST_PAUSE", 0.01)
    caplog.set_level(logging.WARNING)
    seen = tmp_path / "runs"
    crash = f"open({str(seen)!r}, 'a').write('x'); raise SystemExit(3)"
    running = asyncio.create_task(keep_running(*part(tmp_path, crash)))
    await until(lambda: seen.exists() and len(seen.read_text()) >= 3, 20, "three runs")
    running.cancel()
    await asyncio.wait([running])
    assert "stand-in ended with status 3; again in" in caplog.text


async def test_a_part_with_wrong_settings_is_not_tried_again(tmp_path: Path) -> None:
    with pytest.raises(GaveUp, match="stand-in"):
        await keep_running(*part(tmp_path, "raise SystemExit(2)"))


def test_without_a_token_the_way_to_one_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    assert main([]) == 2
    told = capsys.readouterr().err
    assert "discord.com/developers" in told
    assert "make demo" in told
