"""The service restarts a crashed process or Redis, and explains a missing token."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from deploy.local import service
from deploy.local.service import (
    WrongSettings,
    keep_redis_running,
    keep_running,
    main,
    serve,
)
from deploy.local.stack.process_group import ProcessGroup
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


async def test_a_redis_that_died_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(service, "POLL_SECONDS", 0.01)
    async with ProcessGroup({}, logs=None) as group:
        url = group.start_redis(tmp_path)
        first = group.redis
        assert first
        watching = asyncio.create_task(keep_redis_running(group, tmp_path))
        first.stop(kill=True)
        await poll(lambda: group.redis not in (None, first), 20, "another Redis")
        assert group.redis is not None
        assert (group.redis.url, group.redis.process.poll()) == (url, None)
        watching.cancel()
        await asyncio.wait([watching])
    assert "redis ended with status -9; again in" in caplog.text


async def test_a_redis_that_cannot_start_ends_the_service_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonlydir").write_text("no folder")
    assert await serve({"MUTOSCOPE_HOME": str(tmp_path)}) == 1
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("redis cannot be started: ")
    assert "\n" not in line


def test_a_missing_token_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    assert main([]) == 2
    printed = capsys.readouterr().err
    assert "discord.com/developers" in printed
    assert "make demo" in printed
