"""Offloaded weights are on the device while they are used, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.hardware import host_memory
from gpu_worker.models.i2vgen_xl.memory import offload as offloading
from gpu_worker.models.i2vgen_xl.memory.copy_stream import CopyStream
from gpu_worker.models.i2vgen_xl.memory.offload import OffloadedModules, offload
from tests.support.fake_gpu import FakeEvent, FakeStream, fake_gpu

META = torch.device("meta")
"""Stands for a GPU: a device other than the host."""


def devices(module: nn.Module) -> set[str]:
    """Return the types of devices that a module's weights are on."""
    return {parameter.device.type for parameter in module.parameters()}


@torch.inference_mode()
def test_modules_come_back_from_the_device_as_they_were() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    offloaded = OffloadedModules([model, model[0]], META)
    assert devices(model) == {"cpu"}
    offloaded.to_device()
    assert devices(model) == {"meta"}
    offloaded.to_host()
    after = model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


@torch.inference_mode()
def test_a_layer_is_on_the_device_only_to_run() -> None:
    layer = nn.Linear(3, 3)
    seen: list[set[str]] = []
    offload([layer], META)
    layer.register_forward_pre_hook(lambda module, _inputs: seen.append(devices(module)))
    result = layer(torch.ones(2, 3, device=META))
    assert result.device == META
    assert seen == [{"meta"}]
    assert devices(layer) == {"cpu"}


@torch.inference_mode()
def test_on_a_cpu_nothing_is_moved() -> None:
    layer = nn.Linear(3, 3)
    address = layer.weight.data_ptr()
    offloaded = OffloadedModules([layer], torch.device("cpu"))
    offloaded.to_device()
    offloaded.to_host()
    assert layer.weight.data_ptr() == address


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a fake GPU."""
    with fake_gpu(monkeypatch):
        yield


class Layers:
    """Three layers that note when their weights are brought, on which stream, and when they run."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        torch.manual_seed(0)
        self.parts = [nn.Linear(3, 3) for _ in range(3)]
        self.parts[1].tied = self.parts[1].weight  # one more name
        self.events: list[str] = []
        copied = OffloadedModules._copied

        def noted(modules: OffloadedModules) -> list[Tensor]:
            index = self.parts.index(modules.modules[0])  # type: ignore[arg-type]  # one of them
            on = "beside" if FakeStream.current else "before"
            self.events.append(f"bring {index} {on}")
            return copied(modules)

        patch.setattr(OffloadedModules, "_copied", noted)

    def watch(self) -> None:
        """Note when each layer runs, after its weights are there."""
        for index, layer in enumerate(self.parts):
            layer.register_forward_pre_hook(
                lambda *_given, index=index: self.events.append(f"run {index}")
            )

    def run(self, tokens: Tensor) -> Tensor:
        """Run them all."""
        for layer in self.parts:
            tokens = layer(tokens)
        return tokens


@torch.inference_mode()
def test_on_a_gpu_the_next_layer_is_brought_before_one_computes(
    gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = Layers(monkeypatch)
    expected = layers.run(torch.ones(2, 3))
    cuda = torch.device("cuda")
    offload([*layers.parts], cuda)
    layers.watch()
    for _ in range(2):
        layers.events.clear()
        result = layers.run(torch.ones(2, 3).to(cuda))
        assert torch.equal(result.cpu(), expected)
        assert layers.events == [
            *("bring 0 before", "bring 1 beside", "run 0"),
            *("bring 2 beside", "run 1", "run 2"),
        ]
        assert {kind for layer in layers.parts for kind in devices(layer)} == {"cpu"}


@torch.inference_mode()
def test_a_layer_computes_after_its_copies_which_are_not_reused_before(gpu: None) -> None:
    layers, cuda = [nn.Linear(3, 3) for _ in range(3)], torch.device("cuda")
    computations: Any = torch.cuda.current_stream(cuda)
    offload([*layers], cuda)
    tokens, used = torch.ones(2, 3).to(cuda), list[Any]()
    for number, layer in enumerate(layers):
        layer.register_forward_pre_hook(lambda part, _given: used.extend(part.parameters()))
        tokens = layer(tokens)
        assert [event.stream.name for event in computations.waited] == ["copies"] * number
    places = [one.held.data_ptr() for one in used]
    assert [one.held.data_ptr() for one in computations.kept] == places[2:]  # the first is its own


@torch.inference_mode()
def test_no_more_than_two_layers_are_there_at_once(
    gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = Layers(monkeypatch)
    cuda = torch.device("cuda")
    offload([*layers.parts], cuda)
    computations: Any = torch.cuda.current_stream(cuda)
    synchronize = FakeEvent.synchronize

    def waited(event: FakeEvent) -> None:
        synchronize(event)
        assert event.stream is computations
        layers.events.append("waited for the last one's end")

    monkeypatch.setattr(FakeEvent, "synchronize", waited)
    layers.watch()
    tokens = torch.ones(2, 3).to(cuda)
    layers.run(tokens)
    layers.run(tokens)
    end = "waited for the last one's end"
    rest = [end, "bring 2 beside", "run 1", "run 2"]
    first = ["bring 0 before", "bring 1 beside", "run 0", *rest]
    assert layers.events == [*first, "bring 0 before", end, *first[1:]]


@torch.inference_mode()
def test_a_layer_without_room_beside_another_is_brought_when_it_runs(
    gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = Layers(monkeypatch)
    expected = layers.run(torch.ones(2, 3))
    cuda = torch.device("cuda")

    def full(*_given: Any) -> None:
        raise torch.OutOfMemoryError("injected")

    monkeypatch.setattr(CopyStream, "begin", full)
    offload([*layers.parts], cuda)
    layers.watch()
    assert torch.equal(layers.run(torch.ones(2, 3).to(cuda)).cpu(), expected)
    assert [one for one in layers.events if one.startswith("run")] == ["run 0", "run 1", "run 2"]
    assert all(first.endswith("before") for first, _ in pairwise(layers.events) if "b" in first)


@torch.inference_mode()
def test_weights_that_changed_are_not_taken_from_copies_begun_before(
    gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = Layers(monkeypatch)
    cuda = torch.device("cuda")
    offloaded = offload([*layers.parts], cuda)
    layers.parts[0](torch.ones(2, 3).to(cuda))  # the second layer is on its way
    layers.parts[1].weight.zero_()
    layers.parts[1].bias.zero_()
    offloaded[1].refresh()
    assert float(layers.parts[1](torch.ones(2, 3).to(cuda)).abs().sum()) == 0.0


@torch.inference_mode()
def test_pages_are_locked_only_where_the_host_has_twice_the_memory(
    gpu: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemAvailable: 2 kB\n")
    assert host_memory.may_lock(1024, tmp_path)
    assert not host_memory.may_lock(1025, tmp_path)
    locked: list[int] = []

    def lock(tensor: Tensor) -> Tensor:
        locked.append(tensor.numel())
        return tensor

    monkeypatch.setattr(Tensor, "pin_memory", lock)
    for may in (True, False):
        locked.clear()
        monkeypatch.setattr(offloading, "may_lock", lambda _size, may=may: may)
        OffloadedModules([nn.Linear(3, 3)], torch.device("cuda"))
        assert locked == ([9, 3] if may else [])


@torch.inference_mode()
def test_pages_are_locked_for_all_layers_or_for_none(
    gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, asked, room = list[int](), list[float](), 96.0

    def may_lock(size: float) -> bool:
        asked.append(size)
        return size <= room

    def lock(tensor: Tensor) -> Tensor:
        locked.append(tensor.numel())
        return tensor

    monkeypatch.setattr(Tensor, "pin_memory", lock)
    monkeypatch.setattr(offloading, "may_lock", may_lock)
    for count in (2, 3):  # layers of 48 bytes
        offloaded = offload([nn.Linear(3, 3) for _ in range(count)], torch.device("cuda"))
        offloaded[0].refresh()
    assert asked == [96, 144]
    assert locked == [9, 3] * 3


@torch.inference_mode()
def test_what_does_not_fit_on_the_device_runs_on_the_host(gpu: None) -> None:
    layer = nn.Linear(3, 3)
    offloaded = OffloadedModules([layer], torch.device("cuda"))
    places: list[str] = []

    def call(place: torch.device) -> str:
        places.append(place.type)
        if place.type == "cuda":
            raise torch.OutOfMemoryError("injected")
        return "made"

    assert offloaded.run(call) == "made"
    assert places == ["cuda", "cuda", "cpu"]
    assert devices(layer) == {"cpu"}
