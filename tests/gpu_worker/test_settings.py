"""What a worker reads from its environment."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch

from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS
from gpu_worker.settings import OUR_ENGINE, Attention, Dtype, WorkerSettings
from storage.settings import SettingsError


def test_nothing_has_to_be_set() -> None:
    settings = WorkerSettings.from_environment({})
    assert settings.engine_factory == OUR_ENGINE
    assert settings.metrics_port is None
    assert settings.idle_exit_seconds == 0
    assert settings.worker_name


def test_an_empty_variable_counts_as_not_set() -> None:
    variables = {name.upper(): " " for name in WorkerSettings.model_fields}
    assert WorkerSettings.from_environment(variables) == WorkerSettings()


def test_every_setting_is_read() -> None:
    settings = WorkerSettings.from_environment(
        {
            "WORKER_NAME": "gpu-3",
            "ENGINE_FACTORY": "a.b:c",
            "DEVICE": "cuda:1",
            "DTYPE": "bf16",
            "ATTENTION": "xformers",
            "METRICS_PORT": "9100",
            "DRAIN_SECONDS": "120",
            "IDLE_EXIT_SECONDS": "300",
            "CANCEL_SECONDS": "3",
            "SILENCE_SECONDS": "60.5",
            "LOG_LEVEL": "debug",
        }
    )
    assert (settings.worker_name, settings.engine_factory, settings.device) == (
        "gpu-3",
        "a.b:c",
        "cuda:1",
    )
    assert (settings.dtype, settings.attention, settings.metrics_port) == ("bf16", "xformers", 9100)
    assert (settings.drain_seconds, settings.idle_exit_seconds) == (120, 300)
    assert (settings.engine_timeouts.cancel, settings.engine_timeouts.silence) == (3, 60.5)
    assert settings.log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("METRICS_PORT", "70000"),
        ("METRICS_PORT", "http"),
        ("DRAIN_SECONDS", "-1"),
        ("SILENCE_SECONDS", "nan"),
        ("LOG_LEVEL", "loud"),
        ("DTYPE", "float99"),
        ("ATTENTION", "flash"),
        ("JUDGE", "/no/such/folder"),
        ("DEPTH_MODEL", "/no/such/folder"),
        ("DEPTH_MODEL", "nonsense"),
        ("DEPTH_MODEL", "."),
        ("PICTURE_MODEL", "/no/such/folder"),
        ("PICTURE_MODEL", "."),
        ("DEVICE", "gpu"),
        ("ENGINE_FACTORY", "nonsense"),
        ("ENGINE_FACTORY", "no.such.module:create"),
        ("MODEL", "/no/such/folder"),
        ("MODEL", "tests"),
        ("MUTOSCOPE_HOME", "/dev/null/home"),
    ],
)
def test_a_wrong_value_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}={text}"):
        WorkerSettings.from_environment({name: text}).engine()


def test_every_kernel_and_number_can_be_named() -> None:
    assert set(get_args(Attention)) == {"auto", *KERNELS}
    assert all(resolve_dtype(name, torch.device("cpu")) for name in get_args(Dtype))


def test_the_engine_is_made_for_the_model_that_is_served() -> None:
    spec = WorkerSettings(model="ali-vilab/i2vgen-xl", device="cuda").engine()
    assert spec.factory == OUR_ENGINE
    source = str(spec.arguments["source"])
    assert source.startswith("ali-vilab/i2vgen-xl@")
    assert spec.arguments["name"] == "i2vgen-xl"
    assert spec.arguments["device"] == "cuda"


def test_a_judge_of_candidates_is_handed_to_the_engine(tmp_path: Path) -> None:
    assert WorkerSettings().engine().arguments["judge"] == ""
    assert WorkerSettings(judge=tmp_path).engine().arguments["judge"] == str(tmp_path)


def test_a_depth_model_is_handed_to_the_engine(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert WorkerSettings().engine().arguments["depth_model"] == ""
    settings = WorkerSettings(depth_model=str(tmp_path))
    assert settings.engine().arguments["depth_model"] == str(tmp_path)
    assert settings.depth_name == tmp_path.name


def test_a_text_to_image_model_is_handed_to_the_engine(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    assert WorkerSettings().engine().arguments["picture_model"] == ""
    settings = WorkerSettings(picture_model=str(tmp_path))
    assert settings.engine().arguments["picture_model"] == str(tmp_path)
    assert settings.picture_name == tmp_path.name


def test_a_named_profile_bounds_the_memory_and_no_other() -> None:
    named = WorkerSettings(model="i2vgen-xl", hardware_profile="rtx4090")
    assert named.engine().arguments["memory_gib"] == 24
    assert WorkerSettings(model="i2vgen-xl").engine().arguments["memory_gib"] == 0


def test_the_engine_reads_styles_where_orders_bring_them(tmp_path: Path) -> None:
    settings = WorkerSettings(mutoscope_home=tmp_path)
    assert settings.takes_styles
    assert settings.engine().arguments["styles_folder"] == settings.styles_folder
    assert settings.styles_folder == tmp_path / "styles"
