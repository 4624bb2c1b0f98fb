"""What credentials add to a clip: bytes, the time to sign it, and the time to read them.

`python -m deploy.local.signing` prints a line for each format.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from deploy.local.worker_probe import default_request
from gpu_worker.credentials.opening import open_signer
from gpu_worker.media.encode import encode
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import fit
from gpu_worker.settings import WorkerSettings
from storage.credentials.reading import read_credentials
from storage.domain.clip import Container

SIDE, FRAMES, FPS, LIMIT, TIMES = 512, 24, 24, 10 * 2**20, 20
SAMPLE = Path(__file__).with_name("samples") / "coffee.jpg"

Value = TypeVar("Value")


def panned() -> Frames:
    """Return the frames of a pan over a sample picture."""
    wide = fit(SAMPLE.read_bytes(), SIDE + FRAMES, SIDE).fitted
    return np.stack([wide[:, at : at + SIDE] for at in range(FRAMES)])


def measure(folder: Path) -> None:
    """Print the line of each format; the folder is the worker's home."""
    settings = WorkerSettings(mutoscope_home=folder, credentials="required")
    signer, frames = open_signer(settings), panned()
    assert signer is not None
    for container in Container:
        bare = encode(frames, FPS, LIMIT, {}, container).data
        request = replace(default_request(settings, "0" * 64), container=container)
        signed, signing = _timed(partial(signer.sign, bare, request, b""))
        found, reading = _timed(partial(read_credentials, signed))
        assert found is not None
        assert found.valid
        print(
            f"{container.value}: {len(bare) / 2**20:.2f} MiB and {len(signed) - len(bare)} bytes"
            f" of credentials, signed in {signing:.1f} ms, read in {reading:.1f} ms"
        )


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """Return what some work gives, and how long it takes, in milliseconds, by the median."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        value = work()
        taken.append(1000 * (time.perf_counter() - begun))
    return value, statistics.median(taken)


def main() -> int:
    """Measure with a certificate made for it."""
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
