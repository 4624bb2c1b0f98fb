"""Attention kernels are chosen by setting, and what was measured of them is kept."""

from __future__ import annotations

import ctypes
import sys
from importlib.metadata import PackagePath
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.unet import attention, attention_choice
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
    install(monkeypatch, package, operations)
    query, key, value = (torch.randn(2, tokens, 8) for tokens in (6, 5, 5))

    def region(query: Tensor) -> Tensor:
        return KERNELS["xformers"](query * 2.0, key, value, 2) + 1.0

    whole = torch.compile(region, fullgraph=True, backend="eager")
    torch.testing.assert_close(whole(query), KERNELS["sdpa"](query * 2.0, key, value, 2) + 1.0)


def install(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
    """Let modules be imported by their names, and xformers be looked for again."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module.__name__, module)
    attention._xformers_operations.cache_clear()
    monkeypatch.setattr(
        attention, "_xformers_operations", attention._xformers_operations.__wrapped__
    )


def test_a_kernel_that_is_not_installed_is_refused_by_name() -> None:
    with pytest.raises(NotUsable, match="xformers does not work on cpu: xformers is not installed"):
        choose_kernels("xformers", CPU, torch.float32)


def test_a_kernel_that_was_not_built_for_the_device_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operations = ModuleType("xformers.ops")

    def attend(*_tensors: Tensor) -> Tensor:
        raise NotImplementedError("No operator found with inputs:\n  query: shape=(2, 16)\n")

    operations.memory_efficient_attention = attend  # type: ignore[attr-defined]
    install(monkeypatch, ModuleType("xformers"), operations)
    with pytest.raises(NotUsable, match=r"No operator found with inputs:$"):
        choose_kernels("xformers", CPU, torch.float32)


def test_the_runtime_that_xformers_was_built_for_is_loaded_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loaded: list[str] = []
    library: Any = PackagePath("nvidia/cuda_runtime/lib/libcudart.so.12")
    library.dist = SimpleNamespace(locate_file=lambda file: tmp_path / file)
    monkeypatch.setattr(attention, "files", lambda _name: [PackagePath("LICENSE"), library])
    monkeypatch.setattr(ctypes, "CDLL", lambda path, _mode: loaded.append(path))
    monkeypatch.setattr(attention, "import_module", loaded.append)
    attention._xformers_operations.__wrapped__()
    assert loaded == [str(tmp_path / library), "xformers.ops"]


def test_a_kernel_that_is_not_installed_is_left_out() -> None:
    assert fastest_kernel(SMALL[AttentionKind.TEMPORAL], CPU, torch.float32) != "xformers"
