"""What a worker reads from the environment beside storage.settings."""

from __future__ import annotations

import os
import socket
from typing import Literal

from pydantic import DirectoryPath, Field

from gpu_worker.engine.connection import EngineTimeouts
from gpu_worker.engine.messages import EngineSpec
from storage.settings import Port, Seconds, Settings

OUR_ENGINE = "gpu_worker.models.registry:create"

Dtype = Literal["auto", "fp16", "bf16", "fp32"]
Attention = Literal["auto", "sdpa", "plain", "together", "xformers"]


class WorkerSettings(Settings):
    """How one worker runs; times are in seconds.

    drain_seconds is what the job at hand gets to be finished once the worker is told to stop.
    idle_exit_seconds is after how long without an order the worker ends by itself (0: never).
    judge is the folder of a CLIP model that helps to choose among candidates.
    """

    worker_name: str = Field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    engine_factory: str = OUR_ENGINE
    device: str = "auto"
    dtype: Dtype = "auto"
    attention: Attention = "auto"
    judge: DirectoryPath | None = None
    metrics_port: Port | None = None
    drain_seconds: Seconds = 8.0
    idle_exit_seconds: Seconds = 0.0
    cancel_seconds: Seconds = 10.0
    silence_seconds: Seconds = 900.0

    @property
    def engine_timeouts(self) -> EngineTimeouts:
        """Return how long the engine process may take to answer before it is killed."""
        return EngineTimeouts(cancel=self.cancel_seconds, silence=self.silence_seconds)

    def engine(self) -> EngineSpec:
        """Return how the child process makes the engine for the model that is served."""
        catalogue = self.catalogue()
        row = catalogue.model()
        memory_gib = self.hardware(catalogue).memory_gib if self.hardware_profile else 0.0
        return EngineSpec(
            self.engine_factory,
            {
                "source": row.source,
                "name": row.name,
                "device": self.device,
                "dtype": self.dtype,
                "attention": self.attention,
                "judge": "" if self.judge is None else str(self.judge),
                "memory_gib": memory_gib,
                "presets": dict(catalogue.presets),
            },
            self.log_level,
        )
