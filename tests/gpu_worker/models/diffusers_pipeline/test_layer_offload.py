"""Weights that wait on the host make the same clip, and their pages are locked where that fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.hooks import apply_group_offloading
from PIL import Image
from torch import nn

from gpu_worker.models.diffusers_pipeline import layer_offload
from gpu_worker.models.diffusers_pipeline.engine import DiffusersPipeline
from gpu_worker.models.diffusers_pipeline.layer_offload import LayerOffload
from tests.gpu_worker.models.diffusers_pipeline.conftest import clip_of

CUDA, CPU = torch.device("cuda"), torch.device("cpu")


class RecordedPipeline:
    """Notes how its layers are offloaded; locking all pages fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.unet: nn.Module
        self.components = {"unet": nn.Linear(2, 2), "scheduler": object()}
        self.failures = failures
        self.calls: list[dict[str, Any]] = []

    def enable_group_offload(self, device: torch.device, **options: Any) -> None:
        self.calls.append({"device": device, **options})
        if self.failures:
            self.failures -= 1
            raise RuntimeError("CUDA error: out of memory")


def hooks_of(module: nn.Module) -> list[dict[str, Any]]:
    """Return the hooks of diffusers on each part of a module that has had any."""
    parts: list[Any] = [*module.modules()]
    return [one._diffusers_hook.hooks for one in parts if hasattr(one, "_diffusers_hook")]


@pytest.mark.parametrize(
    ("locks", "failures", "sparing"),
    [
        (True, 0, [False]),
        (False, 0, [True]),
        (True, 1, [False, True]),
    ],
)
def test_a_gpu_brings_layers_on_a_stream_from_locked_pages_where_they_fit(
    monkeypatch: pytest.MonkeyPatch, locks: bool, failures: int, sparing: list[bool]
) -> None:
    monkeypatch.setattr(layer_offload, "may_lock", lambda size: locks and size == 24)
    pipeline = RecordedPipeline(failures)
    LayerOffload(pipeline, CUDA).start()
    assert [call["low_cpu_mem_usage"] for call in pipeline.calls] == sparing
    for call in pipeline.calls:
        assert (call["device"], call["offload_type"]) == (CUDA, "leaf_level")
        assert call["use_stream"]
        assert call["record_stream"]
        assert call["non_blocking"]


def test_a_device_without_streams_of_its_own_brings_each_layer_when_it_runs() -> None:
    pipeline = RecordedPipeline()
    LayerOffload(pipeline, torch.device("mps")).start()
    (call,) = pipeline.calls
    assert not call["use_stream"]
    assert not call["record_stream"]


def test_another_fault_is_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_offload, "may_lock", lambda _size: True)
    pipeline = RecordedPipeline()
    monkeypatch.setattr(
        pipeline, "enable_group_offload", lambda *_, **__: (_ for _ in ()).throw(ValueError("no"))
    )
    with pytest.raises(ValueError, match="no"):
        LayerOffload(pipeline, CUDA).start()


def test_layers_that_are_not_offloaded_any_more_have_no_hooks() -> None:
    class Pipeline(RecordedPipeline):
        def enable_group_offload(self, device: torch.device, **options: Any) -> None:
            apply_group_offloading(self.unet, device, **options)

    pipeline, tokens = Pipeline(), torch.ones(3, 2)
    pipeline.components["unet"] = pipeline.unet = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    expected = pipeline.unet(tokens)
    offloaded = LayerOffload(pipeline, CPU)
    offloaded.start()
    hooks = hooks_of(pipeline.unet)
    assert hooks
    assert all(hooks)
    assert torch.equal(pipeline.unet(tokens), expected)
    offloaded.remove()
    assert not any(hooks)
    assert torch.equal(pipeline.unet(tokens), expected)


@pytest.mark.slow
def test_a_clip_of_offloaded_layers_is_the_same(
    engine_of: Callable[[str], DiffusersPipeline], picture: Image.Image
) -> None:
    engine = engine_of("svd-xt")
    request, canvas = clip_of("svd-xt", picture, steps=2)

    def make() -> Any:
        return engine.generate(request, canvas, lambda *_: None, lambda: False).array

    expected, pipeline = make(), engine.ladder.pipeline
    offloaded = LayerOffload(pipeline, CPU)
    offloaded.start()
    hooks = hooks_of(pipeline.unet)
    assert any("group_offloading" in one for one in hooks)
    assert np.array_equal(make(), expected)
    offloaded.remove()
    assert not any(hooks)
    assert np.array_equal(make(), expected)
