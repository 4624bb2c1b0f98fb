"""Devices, numbers and kernels are chosen by settings, and what was measured is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpu_worker.models.i2vgen_xl.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.unet import attention_choice
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, AttentionKind

SMALL = dict.fromkeys(AttentionKind, attention_choice.ProbeShape(2, 8, 8, 2, 4))
HOST = torch.device("cpu")


def test_what_was_measured_once_is_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "deep" / "attention.json"
    first = attention_choice.measured_kernels(HOST, torch.float32, cache, SMALL)
    monkeypatch.setattr(
        attention_choice, "fastest_kernel", lambda *_: pytest.fail("measured again")
    )
    assert attention_choice.measured_kernels(HOST, torch.float32, cache, SMALL) == first
    assert set(first.values()) <= set(KERNELS)


def test_a_spoiled_file_is_measured_anew(tmp_path: Path) -> None:
    cache = tmp_path / "attention.json"
    cache.write_text("{")
    assert set(attention_choice.measured_kernels(HOST, torch.float32, cache, SMALL)) == set(
        AttentionKind
    )


def test_an_unknown_kernel_is_refused() -> None:
    with pytest.raises(KeyError):
        attention_choice.choose_kernels("no such", HOST, torch.float32)


def test_a_kernel_that_is_not_installed_is_left_out() -> None:
    assert (
        attention_choice.fastest_kernel(SMALL[AttentionKind.TEMPORAL], HOST, torch.float32)
        != "xformers"
    )


def test_numbers_follow_the_device() -> None:
    assert resolve_dtype("auto", HOST) is torch.float32
    assert resolve_dtype("bf16", HOST) is torch.bfloat16
    assert resolve_dtype("auto", torch.device("cuda")) is torch.float16
