"""deploy/compose.yaml is read strictly, and sets what the service reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from bot.settings import BotSettings, WebSettings
from bot.web.access.access import open_access
from deploy.images.image import WEB
from gpu_worker.settings import WorkerSettings
from storage.settings import Settings, SettingsError

FILE = Path("deploy/compose.yaml")
OURS = ("bot", "web", "worker-cpu", "worker-gpu")
WORKERS = OURS[2:]


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    whole = yaml.safe_load(FILE.read_text("utf-8"))
    found: dict[str, dict[str, Any]] = whole["services"]
    return found


def test_it_is_valid() -> None:
    whole = yaml.safe_load(FILE.read_text("utf-8"))  # with its merged parts, as Compose reads it
    read = PyCompose.from_yaml(yaml.safe_dump(whole))
    assert set(OURS) <= set(read.service_names())
    whole["services"]["bot"]["read_onyl"] = True
    with pytest.raises(ValueError, match="read_onyl"):
        PyCompose.from_yaml(yaml.safe_dump(whole))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("bot", BotSettings),
        ("web", WebSettings),
        ("worker-cpu", WorkerSettings),
        ("worker-gpu", WorkerSettings),
    ],
)
def test_a_service_is_told_only_what_it_reads(
    name: str, settings: type[Settings], services: dict[str, dict[str, Any]]
) -> None:
    known = {field.upper() for field in settings.model_fields}
    assert set(services[name]["environment"]) - known == set()


def test_a_service_is_told_of_every_setting_but_these(
    services: dict[str, dict[str, Any]],
) -> None:
    """What no service is told is the image's (where things are), or does not fit one machine."""
    of_the_image = {"MUTOSCOPE_HOME", "METRICS_PORT"}
    of_the_bot = {
        "DATABASE_URL",
        "MODELS",
        "MODELS_ON_DEMAND",
        "STYLES_DIR",
        "FILTER",
        "WORDS_FILE",
    }
    untold: dict[str, tuple[type[Settings], set[str]]] = {
        "bot": (BotSettings, of_the_image | {"DISCORD_API_URL", "DISCORD_GATEWAY_URL"}),
        "web": (WebSettings, of_the_image | {"WEB_PORT"}),
        **dict.fromkeys(
            WORKERS,
            (WorkerSettings, of_the_image | of_the_bot | {"IDLE_EXIT_SECONDS", "WORKER_NAME"}),
        ),
    }
    for name, (settings, expected) in untold.items():
        known = {field.upper() for field in settings.model_fields}
        assert known - set(services[name]["environment"]) == expected


def test_bot_and_workers_agree(services: dict[str, dict[str, Any]]) -> None:
    shared = {field.upper() for field in Settings.model_fields} & set(
        services["bot"]["environment"]
    )
    assert {"MODEL", "REDIS_URL", "BLOB_URL", "HARDWARE_PROFILE"} <= shared
    for name in WORKERS:
        assert "data:/data" in services[name]["volumes"]
        assert "DATABASE_URL" not in services[name]["environment"]
        assert "DISCORD_TOKEN" not in services[name]["environment"]
        for variable in shared - {"DATABASE_URL"}:
            value = services["bot"]["environment"][variable]
            found = services[name]["environment"].get(variable, value)
            # The GPU's worker may serve another model than the default one.
            assert re.sub(r"^\$\{GPU_\w+:-(\$\{.*\})\}$", r"\1", found) == value


@pytest.mark.parametrize("variable", ["STYLES_DIR", "FILTER", "WORDS_FILE"])
def test_no_worker_is_told_of_styles_and_rules(
    variable: str, services: dict[str, dict[str, Any]]
) -> None:
    told = {name for name in OURS if variable in services[name]["environment"]}
    assert told == {"bot", "web"}


def test_the_page_is_told_what_the_bot_is(services: dict[str, dict[str, Any]]) -> None:
    bot, web = (services[name]["environment"] for name in ("bot", "web"))
    both = {name.upper() for name in BotSettings.model_fields.keys() & WebSettings.model_fields}
    assert {name for name in both if bot.get(name) != web.get(name)} == set()
    assert services["web"]["depends_on"] == services["bot"]["depends_on"]


def test_the_page_asks_who_is_there_and_is_reached_from_this_machine_alone(
    services: dict[str, dict[str, Any]],
) -> None:
    web = services["web"]
    assert web["profiles"] == ["web"]
    assert web["ports"] == ["127.0.0.1:7860:7860"]
    assert web["command"] == [*WEB.command]
    assert web["build"]["args"] == WEB.arguments
    told = {name: re.sub(r"^\$\{\w+:?-(.*)\}$", r"\1", web["environment"][name]) for name in AUTH}
    assert isinstance(open_access_or_reason(told), str)  # no login is written yet
    header = {"WEB_USER_HEADER": "X-Remote-User", "WEB_TRUSTED_PROXIES": "172.16.0.0/12"}
    assert not isinstance(open_access_or_reason({**told, "WEB_LOGINS": "", **header}), str)


AUTH = ("WEB_HOST", "WEB_LOGINS", "WEB_USER_HEADER", "WEB_TRUSTED_PROXIES")


def open_access_or_reason(environ: dict[str, str]) -> object:
    """Return how persons are told apart, or why the page does not start."""
    try:
        return open_access(WebSettings.from_environment(environ))
    except SettingsError as error:
        return str(error)


def test_a_stopped_worker_has_time_for_the_clip_at_hand(
    services: dict[str, dict[str, Any]],
) -> None:
    for name in WORKERS:
        drain = services[name]["environment"]["DRAIN_SECONDS"]
        seconds = int(re.findall(r":-(\d+)\}", drain)[0])
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > seconds


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_unprivileged(name: str, services: dict[str, dict[str, Any]]) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    dockerfile = FILE.parents[1] / service["build"]["dockerfile"]
    assert dockerfile.is_file()
    text = dockerfile.read_text("utf-8")
    assert all(f"ARG {name}" in text for name in service["build"].get("args", {}))


def test_redis_loses_and_evicts_nothing(services: dict[str, dict[str, Any]]) -> None:
    command = services["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options == {"--appendonly": "yes", "--save": "", "--maxmemory-policy": "noeviction"}


def test_every_image_is_pinned_and_every_mounted_file_is_there(
    services: dict[str, dict[str, Any]],
) -> None:
    for name, service in services.items():
        if name not in OURS:
            assert re.search(r":[\w.-]*\d[\w.-]*$", service["image"]), name
        for volume in service.get("volumes", ()):
            if volume.startswith("."):
                assert (FILE.parent / volume.partition(":")[0]).exists()
