"""What a pipeline gives up on a GPU, in which order, and that it gets it back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from gpu_worker.models.diffusers_pipeline.layer_offload import weight_bytes
from gpu_worker.models.diffusers_pipeline.memory_ladder import MemoryLadder
from storage.domain.clip import Adjustment

CUDA = torch.device("cuda")
TILING, OFFLOAD = Adjustment("adjusted_tiling"), Adjustment("adjusted_offload")


class RecordedPipeline:
    """Notes what it is told to do; its weights take 1 GiB."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.full, self.message = False, "CUDA error: out of memory"
        self.vae = SimpleNamespace(
            enable_tiling=lambda: self.calls.append("tiles"),
            disable_tiling=lambda: self.calls.append("no tiles"),
            enable_slicing=lambda: self.calls.append("slices"),
            disable_slicing=lambda: self.calls.append("no slices"),
        )
        with torch.device("meta"):
            self.components: dict[str, Any] = {"unet": nn.Linear(2**14, 2**14, bias=False)}

    def to(self, device: torch.device | str) -> None:
        self.calls.append("to")
        if self.full and device == CUDA:
            raise RuntimeError(self.message)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self.calls.append(name)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> RecordedPipeline:
    """Return a pipeline beside a GPU of 2 GiB."""
    properties = SimpleNamespace(total_memory=2 * 2**30)
    for name, value in {
        "get_device_properties": properties,
        "get_device_name": "a GPU",
        "get_device_capability": (9, 0),
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, value=value: value)
    return RecordedPipeline()


def climbed(ladder: MemoryLadder) -> list[tuple[Adjustment, ...]]:
    """Take every step; return what was given up after each."""
    ladder.begin()
    found = []
    while ladder.next():
        found.append(tuple(ladder.adjustments))
    return found


def test_weights_that_fit_stay_until_a_clip_does_not(pipeline: RecordedPipeline) -> None:
    assert weight_bytes(pipeline) == 2**30
    ladder = MemoryLadder.for_device(pipeline, CUDA, 0.0)
    assert pipeline.calls == ["to"]
    assert climbed(ladder) == [(TILING,), (TILING, OFFLOAD), (TILING, OFFLOAD)]
    assert pipeline.calls[1:] == [
        *("tiles", "slices"),
        "enable_model_cpu_offload",
        *("remove_all_hooks", "enable_group_offload"),
    ]
    pipeline.calls.clear()
    ladder.end()
    assert pipeline.calls[:4] == ["no tiles", "no slices", "remove_all_hooks", "to"]
    ladder.begin()
    assert ladder.adjustments == []


@pytest.mark.parametrize("memory_gib", [1.2, 0.5])
def test_weights_that_are_too_large_are_there_component_by_component(
    pipeline: RecordedPipeline, memory_gib: float
) -> None:
    ladder = MemoryLadder.for_device(pipeline, CUDA, memory_gib)
    assert pipeline.calls == ["enable_model_cpu_offload"]
    assert climbed(ladder) == [(TILING,), (TILING, OFFLOAD)]
    pipeline.calls.clear()
    ladder.end()
    assert pipeline.calls[2:4] == ["remove_all_hooks", "enable_model_cpu_offload"]


def test_a_clip_that_gave_up_nothing_leaves_everything_where_it_is(
    pipeline: RecordedPipeline,
) -> None:
    ladder = MemoryLadder.for_device(pipeline, CUDA, 0.0)
    ladder.begin()
    ladder.end()
    assert pipeline.calls == ["to", "maybe_free_model_hooks"]


def test_on_a_cpu_only_the_autoencoder_works_in_parts(pipeline: RecordedPipeline) -> None:
    ladder = MemoryLadder.for_device(pipeline, torch.device("cpu"), 0.0)
    assert climbed(ladder) == [(TILING,)]
    assert pipeline.calls == ["tiles", "slices"]
    del pipeline.vae.enable_tiling
    assert climbed(ladder) == []


def test_a_device_without_room_for_the_weights_again_keeps_them_offloaded(
    pipeline: RecordedPipeline,
) -> None:
    ladder = MemoryLadder.for_device(pipeline, CUDA, 0.0)
    climbed(ladder)
    pipeline.calls.clear()
    pipeline.full = True
    ladder.end()
    assert pipeline.calls[2:] == [
        *("remove_all_hooks", "to", "to", "enable_model_cpu_offload"),
        "maybe_free_model_hooks",
    ]
    assert climbed(ladder) == [(TILING,), (TILING, OFFLOAD)]


def test_another_fault_of_the_device_is_not_taken_for_a_lack_of_memory(
    pipeline: RecordedPipeline,
) -> None:
    ladder = MemoryLadder.for_device(pipeline, CUDA, 0.0)
    climbed(ladder)
    pipeline.full, pipeline.message = True, "unspecified launch failure"
    with pytest.raises(RuntimeError, match="launch failure"):
        ladder.end()
