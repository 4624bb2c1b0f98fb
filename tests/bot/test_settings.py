"""The bot's settings, and how it ends where they are wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import BotSettings, WebSettings
from storage.settings import SettingsError


def test_a_missing_token_is_reported() -> None:
    with pytest.raises(SettingsError, match="DISCORD_TOKEN is not set"):
        BotSettings.from_environment({})


def test_every_setting_is_read() -> None:
    settings = BotSettings.from_environment(
        {
            "DISCORD_TOKEN": " token ",
            "DISCORD_GUILD": "12",
            "DISCORD_API_URL": "http://here/api/v10/",
            "DISCORD_GATEWAY_URL": "ws://here/gateway",
            "METRICS_PORT": "0",
            "PING_AFTER": "1.5",
            "OPERATORS": "7 80351110224678912",
            "PRIVACY_POLICY_URL": "https://example.org/privacy",
        }
    )
    assert (settings.discord_token, settings.discord_guild, settings.ping_after) == (
        "token",
        12,
        1.5,
    )
    assert settings.discord_api_url == "http://here/api/v10"
    assert settings.privacy_policy_url == "https://example.org/privacy"
    assert settings.metrics_port == 0
    assert settings.operators.split() == ["7", "80351110224678912"]


def test_metrics_are_off_unless_asked_for() -> None:
    assert BotSettings.from_environment({"DISCORD_TOKEN": "a"}).metrics_port is None


@pytest.mark.parametrize(("environ", "days"), [({}, 365), ({"AUDIT_DAYS": "7"}, 7)])
def test_records_are_kept_as_long_for_bot_and_page(environ: dict[str, str], days: int) -> None:
    bot = BotSettings.from_environment({"DISCORD_TOKEN": "a", **environ})
    page = WebSettings.from_environment(environ)
    assert [bot.retention().audit_days, page.retention().audit_days] == [days, days]


def test_a_number_that_is_none_is_reported() -> None:
    with pytest.raises(SettingsError, match="DISCORD_GUILD=mine"):
        BotSettings.from_environment({"DISCORD_TOKEN": "a", "DISCORD_GUILD": "mine"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", "geheim geheim"),
        ("DISCORD_TOKEN", "'geheim'"),
        ("DISCORD_API_URL", "discord.com/geheim"),
        ("DISCORD_API_URL", "http://me:geheim@host:geheim"),
        ("DISCORD_GATEWAY_URL", "https://geheim@host"),
        ("DISCORD_GUILD", "-1"),
        ("DEFAULT_LOCALE", "tlh"),
        ("METRICS_PORT", "99999"),
        ("OPERATORS", "ann 7"),
        ("PRIVACY_POLICY_URL", "javascript:geheim"),
        ("RETENTION_DAYS", "-1"),
        ("BLOB_LIMIT", "nan"),
        ("GRACE_DAYS", "-1"),
        ("AUDIT_DAYS", "-1"),
        ("MEMBERS_INTENT", "perhaps"),
    ],
)
def test_a_wrong_value_is_reported_without_secrets(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as error:
        BotSettings.from_environment({"DISCORD_TOKEN": "a", name: value})
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("REDIS_URL", "redis://:p/geheim@h"), ("DATABASE_URL", "postgres://u:p@geheim@h/x")],
)
def test_the_process_shows_no_password(tmp_path: Path, name: str, value: str) -> None:
    environ = {"HOME": str(tmp_path), "MUTOSCOPE_HOME": str(tmp_path), "DISCORD_TOKEN": "a"}
    for module in ("bot", "gpu_worker"):
        ended = subprocess.run(
            [sys.executable, "-m", module],
            capture_output=True,
            text=True,
            env=environ | {name: value},
            check=False,
        )
        assert ended.returncode == 2
        assert f"{name} cannot be read" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
        assert "geheim" not in ended.stderr
        if name == "DATABASE_URL":
            break  # which no worker uses


def test_the_process_ends_with_a_clear_reason(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bot"],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path)},
        check=False,
    )
    assert ended.returncode == 2
    assert "ERROR bot: DISCORD_TOKEN is not set" in ended.stderr
