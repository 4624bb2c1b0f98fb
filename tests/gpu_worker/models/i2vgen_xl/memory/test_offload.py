"""Offloaded weights are on the device while they are used, and only then."""

from __future__ import annotations

import torch
from torch import nn

from gpu_worker.models.i2vgen_xl.memory.offload import OffloadedModules, offload

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
