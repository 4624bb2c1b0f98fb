"""Settings: what only a worker wants to know, read once from the environment.

WORKER_NAME, DEVICE, DTYPE, ATTENTION, JUDGE, SHARE_PASSES, ENGINE_FACTORY, METRICS_PORT,
DRAIN_SECONDS, IDLE_EXIT_SECONDS, CANCEL_SECONDS, SILENCE_SECONDS and LOG_LEVEL; see the README's
table.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gpu_worker.engine.messages import EngineSpec
from gpu_worker.engine.supervisor import Patience
from storage.settings import Settings, SettingsError

OUR_ENGINE = "gpu_worker.models.starting:create"
DTYPES = ("auto", "fp16", "bf16", "fp32")
ATTENTIONS = ("auto", "sdpa", "plain", "together", "xformers")
SHARING = ("auto", "never")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How one worker runs; times are in seconds.

    drain is what the job at hand gets to be finished once the worker is told to stop. idle_exit
    is after how long without an order the worker ends by itself (0: never). judge is the folder
    of a CLIP model that helps to choose among candidates, empty for none. share is whether orders
    that wait together may share forward passes where that was measured to pay (auto, never).
    """

    name: str
    factory: str = OUR_ENGINE
    device: str = "auto"
    dtype: str = "auto"
    attention: str = "auto"
    judge: str = ""
    share: str = "auto"
    metrics_port: int | None = None
    drain: float = 8.0
    idle_exit: float = 0.0
    patience: Patience = field(default_factory=Patience)
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> WorkerSettings:
        """Read the settings; an empty variable counts as one that is not set."""
        port = _number(environ, "METRICS_PORT", -1, 65535)
        return cls(
            name=environ.get("WORKER_NAME") or f"{socket.gethostname()}-{os.getpid()}",
            factory=environ.get("ENGINE_FACTORY") or OUR_ENGINE,
            device=environ.get("DEVICE") or "auto",
            dtype=_one_of(environ, "DTYPE", DTYPES),
            attention=_one_of(environ, "ATTENTION", ATTENTIONS),
            judge=_folder(environ, "JUDGE"),
            share=_one_of(environ, "SHARE_PASSES", SHARING),
            metrics_port=None if port < 0 else int(port),
            drain=_number(environ, "DRAIN_SECONDS", 8.0),
            idle_exit=_number(environ, "IDLE_EXIT_SECONDS", 0.0),
            patience=Patience(
                grace=_number(environ, "CANCEL_SECONDS", 10.0),
                silence=_number(environ, "SILENCE_SECONDS", 900.0),
            ),
            log_level=_level(environ),
        )

    def engine(self, shared: Settings) -> EngineSpec:
        """Return how the child makes the engine for the model that is served."""
        catalogue = shared.catalogue()
        row = catalogue.model()
        return EngineSpec(
            self.factory,
            {
                "source": row.source,
                "name": row.name,
                "device": self.device,
                "dtype": self.dtype,
                "attention": self.attention,
                "judge": self.judge,
                "memory_gib": shared.hardware(catalogue).memory_gib if shared.profile else 0.0,
                "presets": dict(catalogue.presets),
            },
        )


def _folder(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name) or ""
    if text and not Path(text).is_dir():
        raise SettingsError(f"{name}={text} is not a folder")
    return text


def _one_of(environ: Mapping[str, str], name: str, allowed: Sequence[str]) -> str:
    """Return one of the allowed names, the first where nothing is set."""
    text = environ.get(name) or allowed[0]
    if text not in allowed:
        raise SettingsError(f"{name}={text} is none of {', '.join(allowed)}")
    return text


def _level(environ: Mapping[str, str]) -> str:
    text = environ.get("LOG_LEVEL") or "INFO"
    if text.upper() not in LEVELS:
        raise SettingsError(f"LOG_LEVEL={text} is none of {', '.join(LEVELS)}")
    return text.upper()


def _number(environ: Mapping[str, str], name: str, default: float, high: float = 1e6) -> float:
    text = environ.get(name)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= high:
        raise SettingsError(f"{name}={text} is not a number between 0 and {high:g}")
    return number
