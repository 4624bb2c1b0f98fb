"""Weights that wait on the host are on the device while they are used, and only then."""

from __future__ import annotations

import torch
from torch import nn

from gpu_worker.models.i2vgen_xl.memory.offload import OffloadedModules, offload

ELSEWHERE = torch.device("meta")
"""Stands for a GPU: a device whose tensors lie somewhere else."""


def places(module: nn.Module) -> set[str]:
    """Return where a module's weights lie."""
    return {parameter.device.type for parameter in module.parameters()}


@torch.inference_mode()
def test_guests_come_and_leave_as_they_were() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    guests = OffloadedModules([model, model[0]], ELSEWHERE)
    assert places(model) == {"cpu"}
    guests.to_device()
    assert places(model) == {"meta"}
    guests.to_host()
    after = model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


@torch.inference_mode()
def test_a_layer_visits_the_device_only_to_run() -> None:
    layer = nn.Linear(3, 3)
    seen: list[set[str]] = []
    offload([layer], ELSEWHERE)
    layer.register_forward_pre_hook(lambda module, _inputs: seen.append(places(module)))
    result = layer(torch.ones(2, 3, device=ELSEWHERE))
    assert result.device == ELSEWHERE
    assert seen == [{"meta"}]
    assert places(layer) == {"cpu"}


@torch.inference_mode()
def test_on_the_host_itself_nothing_moves() -> None:
    layer = nn.Linear(3, 3)
    where = layer.weight.data_ptr()
    guests = OffloadedModules([layer], torch.device("cpu"))
    guests.to_device()
    guests.to_host()
    assert layer.weight.data_ptr() == where
