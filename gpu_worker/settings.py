"""What a worker reads from the environment beside storage.settings."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gpu_worker.engine.connection import EngineTimeouts
from gpu_worker.engine.messages import EngineSpec
from storage.domain.catalogue import HUB_ID
from storage.domain.models.capability import Capability
from storage.domain.text import printable
from storage.settings import FullPath, Port, Seconds, Settings, SettingsError, factory, is_folder

CHECKPOINT_FILES = ("unet/config.json", "model_index.json")
OUR_ENGINE = "gpu_worker.models.registry:create"

Dtype = Literal["auto", "fp16", "bf16", "fp32"]
Attention = Literal["auto", "sdpa", "plain", "together", "xformers"]


def _device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|(cuda|mps|xpu)(:[0-9]{1,2})?", name):
        raise ValueError("no such device; write auto, cpu, cuda or cuda:NUMBER")
    return name


def _existing(path: Path) -> Path:
    if not is_folder(path):
        raise ValueError("there is no such folder")
    return path


ExistingFolder = Annotated[Path, AfterValidator(_existing)]


class WorkerSettings(Settings):
    """How one worker runs; times are in seconds.

    drain_seconds is what the job at hand gets to be finished once the worker is told to stop.
    idle_exit_seconds is after how long without an order the worker ends by itself (0: never).
    judge is the folder of a CLIP model that helps to choose among candidates. credentials says
    whether clips carry content credentials (on: where they can be written; required: a clip without
    them is refused); credentials_chain and credentials_key are the operator's own certificate as
    PEM, and credentials_prompt has them name the prompt.
    """

    worker_name: str = Field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    engine_factory: Annotated[str, AfterValidator(factory)] = OUR_ENGINE
    device: Annotated[str, AfterValidator(_device)] = "auto"
    dtype: Dtype = "auto"
    attention: Attention = "auto"
    judge: ExistingFolder | None = None
    metrics_port: Port | None = None
    drain_seconds: Seconds = 8.0
    idle_exit_seconds: Seconds = 0.0
    cancel_seconds: Seconds = 10.0
    silence_seconds: Seconds = 900.0
    credentials: Literal["on", "off", "required"] = "on"
    credentials_chain: FullPath | None = None
    credentials_key: FullPath | None = None
    credentials_prompt: bool = False

    @property
    def engine_timeouts(self) -> EngineTimeouts:
        """Return how long the engine process may take to answer before it is killed."""
        return EngineTimeouts(cancel=self.cancel_seconds, silence=self.silence_seconds)

    @property
    def takes_styles(self) -> bool:
        """Tell whether the model takes styles."""
        return Capability.STYLE in self.catalogue().model().capabilities

    @property
    def styles_folder(self) -> Path:
        """Return the folder of the styles' files that orders have brought."""
        return self.mutoscope_home / "styles"

    def engine(self) -> EngineSpec:
        """Return how the child process makes the engine for the model; raise SettingsError."""
        catalogue = self.catalogue()
        row = catalogue.model()
        if self.engine_factory == OUR_ENGINE:
            _check_checkpoint(row.source)
            _check_source("DEPTH_MODEL", self.depth_model, "config.json")
            _check_source("PICTURE_MODEL", self.picture_model, "model_index.json")
        else:
            _check_module(self.engine_factory)
        memory_gib = self.hardware(catalogue).memory_gib if self.hardware_profile else 0.0
        return EngineSpec(
            self.engine_factory,
            {
                "source": row.source,
                "name": row.name,
                "device": self.device,
                "dtype": self.dtype,
                "attention": self.attention,
                "depth_model": self.depth_model,
                "picture_model": self.picture_model,
                "judge": "" if self.judge is None else str(self.judge),
                "memory_gib": memory_gib,
                "profile": self.hardware_profile,
                "profiles": dict(catalogue.profiles),
                "presets": dict(catalogue.presets_of(row)),
                "row": row,
                **({"styles_folder": self.styles_folder} if self.takes_styles else {}),
            },
            self.log_level,
        )


def _check_checkpoint(source: str) -> None:
    """Raise SettingsError where the source is a folder without a checkpoint."""
    if source == "embedded" or any(_holds(source, one) for one in CHECKPOINT_FILES):
        return
    if is_folder(source) or not HUB_ID.fullmatch(source):
        files = " and no ".join(CHECKPOINT_FILES)
        raise SettingsError(
            f"MODEL={printable(source)} holds no checkpoint: there is no {files} in it"
        )


def _check_source(variable: str, source: str, file: str) -> None:
    """Raise SettingsError where the source is a folder without the file that every model has."""
    if not source or _holds(source, file):
        return
    if is_folder(source) or not HUB_ID.fullmatch(source):
        raise SettingsError(
            f"{variable}={printable(source)} holds no model: there is no {file} in it"
        )


def _holds(folder: str, file: str) -> bool:
    return is_folder(folder) and (Path(folder).expanduser() / file).is_file()


def _check_module(factory: str) -> None:
    module = factory.partition(":")[0]
    try:
        found = importlib.util.find_spec(module) is not None
    except ImportError:
        found = False
    if not found:
        raise SettingsError(f"ENGINE_FACTORY={factory}: there is no module {module}")
