"""Attention kernels are chosen by setting, and what was measured of them is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gpu_worker.models.i2vgen_xl.unet import attention_choice
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, AttentionKind, Kernel
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


def test_kernels_are_measured_as_they_will_run(tmp_path: Path) -> None:
    wrapped: list[Kernel] = []

    def wrap(kernel: Kernel) -> Kernel:
        wrapped.append(kernel)
        return kernel

    cache = tmp_path / "attention.json"
    measured_kernels(CPU, torch.float32, cache, SMALL)
    measured_kernels(CPU, torch.float32, cache, SMALL, wrap)
    assert wrapped == [*KERNELS.values()] * len(AttentionKind)


def test_a_region_with_xformers_is_one_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    package, operations = ModuleType("xformers"), ModuleType("xformers.ops")

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query, key, value = (tensor.transpose(1, 2) for tensor in (query, key, value))
        return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2)

    operations.memory_efficient_attention = attend  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "xformers", package)
    monkeypatch.setitem(sys.modules, "xformers.ops", operations)
    query, key, value = (torch.randn(2, tokens, 8) for tokens in (6, 5, 5))

    def region(query: Tensor) -> Tensor:
        return KERNELS["xformers"](query * 2.0, key, value, 2) + 1.0

    whole = torch.compile(region, fullgraph=True, backend="eager")
    torch.testing.assert_close(whole(query), KERNELS["sdpa"](query * 2.0, key, value, 2) + 1.0)


def test_a_kernel_that_is_not_installed_is_left_out() -> None:
    assert fastest_kernel(SMALL[AttentionKind.TEMPORAL], CPU, torch.float32) != "xformers"
