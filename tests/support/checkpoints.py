"""Fixtures that every test of a torch model needs: one thread, and tiny random checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import write_checkpoint
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import TINY


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute on one thread: sums come out the same each time, and other processes get a core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def stock_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a tiny checkpoint that takes the still picture, as the full one does."""
    folder = tmp_path_factory.mktemp("still")
    write_checkpoint(folder, TINY)
    return folder


@pytest.fixture(scope="session")
def moved_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a tiny checkpoint that takes the moved picture, as the embedded one does."""
    folder = tmp_path_factory.mktemp("moved")
    traits: dict[str, Any] = {
        "image_latents": "moved",
        "target": "residual",
        "residual_scale": 0.12,
    }
    write_checkpoint(folder, TINY, traits)
    return folder
