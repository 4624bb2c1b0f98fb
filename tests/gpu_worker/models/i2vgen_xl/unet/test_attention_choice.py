"""Attention kernels are chosen by setting, and what was measured of them is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpu_worker.models.i2vgen_xl.unet import attention_choice
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, AttentionKind
from gpu_worker.models.i2vgen_xl.unet.attention_choice import (
    ProbeShape,
    choose_kernels,
    fastest_kernel,
    measured_kernels,
)

SMALL = dict.fromkeys(AttentionKind, ProbeShape(2, 8, 8, 2, 4))
CPU = torch.device("cpu")


def test_what_was_measured_once_is_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "attention.json"
    first = measured_kernels(CPU, torch.float32, cache, SMALL)
    assert set(first) == set(AttentionKind)
    assert set(first.values()) <= set(KERNELS)
    monkeypatch.setattr(
        attention_choice, "fastest_kernel", lambda *_: pytest.fail("measured again")
    )
    assert measured_kernels(CPU, torch.float32, cache, SMALL) == first


def test_an_unknown_kernel_is_refused() -> None:
    with pytest.raises(KeyError):
        choose_kernels("no such", CPU, torch.float32)


def test_a_kernel_that_is_not_installed_is_left_out() -> None:
    assert fastest_kernel(SMALL[AttentionKind.TEMPORAL], CPU, torch.float32) != "xformers"
