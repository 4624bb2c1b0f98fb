"""The same seed gives the same file, byte for byte, whatever happened before and wherever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
import torch

from gpu_worker.engine.api import Cancelled
from gpu_worker.media.encode import encode
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.codec import encode as to_json
from storage.domain.camera.motion import Motion, Reading, Speed
from storage.domain.request import GenerationRequest

SIDE = 64
REQUEST = GenerationRequest(
    picture="x",
    prompt="zoom in slowly",
    model="embedded",
    width=SIDE,
    height=SIDE,
    frames=8,
    fps=8,
    steps=2,
    guidance=2.0,
    seed=42,
    reading=Reading(Motion.ZOOM_IN, Speed.SLOW),
)

OTHER_PROCESS = """
import json, sys
from hashlib import sha256
import numpy as np
from gpu_worker.media.encode import encode
from gpu_worker.models.registry import create
from gpu_worker.media.picture import Canvas
from storage.codec import decode
from storage.domain.request import GenerationRequest
request = decode(GenerationRequest, json.loads(sys.argv[1]))
side = request.width
picture = np.arange(side * side * 3, dtype=np.uint32).reshape(side, side, 3) % 251
canvas = Canvas(picture.astype(np.uint8), (0.0, 0.0, float(side), float(side)), (side, side))
engine = create("embedded", device="cpu")
result = engine.generate(request, canvas, lambda *_: None, lambda: False)
print(sha256(encode(result.frames, request.fps, 10_000_000, {}).data).hexdigest())
"""


@pytest.fixture(scope="module")
def canvas() -> Canvas:
    """Return a picture that another process can draw too."""
    picture = np.arange(SIDE * SIDE * 3, dtype=np.uint32).reshape(SIDE, SIDE, 3) % 251
    return Canvas(picture.astype(np.uint8), (0.0, 0.0, float(SIDE), float(SIDE)), (SIDE, SIDE))


def file_of(engine: I2VGenXL, canvas: Canvas) -> str:
    """Return the digest of the clip's file."""
    result = engine.generate(REQUEST, canvas, lambda _progress, _preview: None, lambda: False)
    return sha256(encode(result.frames, REQUEST.fps, 10_000_000, {}).data).hexdigest()


def test_a_cancel_and_a_lack_of_memory_leave_no_trace(
    embedded_engine: I2VGenXL, canvas: Canvas
) -> None:
    alone = file_of(embedded_engine, canvas)
    with pytest.raises(Cancelled):
        embedded_engine.generate(REQUEST, canvas, lambda _progress, _preview: None, lambda: True)
    assert file_of(embedded_engine, canvas) == alone
    passes = [0]

    def fail(_module: torch.nn.Module, _given: object) -> None:
        passes[0] += 1
        if passes[0] % 2:
            raise torch.OutOfMemoryError("injected")

    hook = embedded_engine.pipeline.unet.register_forward_pre_hook(fail)
    try:
        assert file_of(embedded_engine, canvas) == alone
    finally:
        hook.remove()


@pytest.mark.slow
def test_a_new_process_makes_the_same_file(embedded_engine: I2VGenXL, canvas: Canvas) -> None:
    command = [sys.executable, "-c", OTHER_PROCESS, json.dumps(to_json(REQUEST))]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == file_of(embedded_engine, canvas)


@pytest.mark.slow
def test_as_many_threads_as_there_are_make_the_same_file(
    embedded_engine: I2VGenXL, canvas: Canvas
) -> None:
    alone = file_of(embedded_engine, canvas)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(2, os.cpu_count() or 2))
    try:
        assert file_of(embedded_engine, canvas) == alone
    finally:
        torch.set_num_threads(threads)
