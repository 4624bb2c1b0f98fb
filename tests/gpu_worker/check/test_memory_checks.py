"""The check of layers that are brought beside others fails where they were not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gpu_worker.check import memory_checks
from gpu_worker.check.report import CheckFailed
from gpu_worker.models.i2vgen_xl.memory.copy_stream import CopyStream
from storage.domain.clip import Adjustment

LAYER = nn.Linear(3, 3)  # 48 bytes


@pytest.mark.parametrize(
    ("prefetches", "adjusts", "peaks", "message"),
    [
        (1, True, [196, 100], ""),
        (1, True, [197, 100], "a layer 0.00 GiB"),
        (0, True, [100, 100], r"beside others: \[0, 0\]"),
        (1, False, [100, 100], "gave up"),
    ],
)
def test_an_overlap_is_one_that_happened_within_its_memory(
    monkeypatch: pytest.MonkeyPatch, prefetches: int, adjusts: bool, peaks: list[int], message: str
) -> None:
    unet = SimpleNamespace(
        layers=lambda: [LAYER], register_forward_pre_hook=LAYER.register_forward_pre_hook
    )
    engine = SimpleNamespace(pipeline=SimpleNamespace(unet=unet))
    subject: Any = SimpleNamespace(
        engine=engine, clip=None, device=torch.device("cuda"), require_gpu=lambda: None
    )
    stats = iter(peaks)

    def make(*_given: Any) -> Any:
        for _ in range(prefetches):
            CopyStream.begin(None, list)  # type: ignore[arg-type]  # replaced below
        kept = (Adjustment("adjusted_offload"),) if adjusts else ()
        return SimpleNamespace(adjustments=kept)

    def measure(_device: Any, call: Any) -> tuple[float, float]:
        call()
        return 1.0, 0.0

    begun = SimpleNamespace(event=None)
    for name, value in {
        "make_clip": make,
        "measure_once": measure,
        "checked_frames": lambda *_: np.zeros(1, np.uint8),
    }.items():
        monkeypatch.setattr(memory_checks, name, value)
    monkeypatch.setattr(CopyStream, "begin", lambda *_: begun)
    monkeypatch.setattr(
        torch.cuda, "memory_stats", lambda _: {"active_bytes.all.peak": next(stats)}
    )
    if message:
        with pytest.raises(CheckFailed, match=message):
            memory_checks.overlapped_offload(subject)
    else:
        assert "differs by 0" in memory_checks.overlapped_offload(subject)
