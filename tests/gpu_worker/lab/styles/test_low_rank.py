"""What is trained is what the engine merges."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gpu_worker.lab.styles import low_rank
from gpu_worker.models.i2vgen_xl.adapters.adapter import load_adapter
from gpu_worker.models.i2vgen_xl.adapters.layer_weights import layer_weights
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import TINY, random_unet
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention_choice import CPU_KERNELS
from gpu_worker.models.i2vgen_xl.unet.unet import UNet


def test_the_file_of_a_change_gives_the_changed_weights(tmp_path: Path) -> None:
    torch.manual_seed(3)
    stock: Any = random_unet(TINY)
    trained = copy.deepcopy(stock)
    parameters = low_rank.add_changes(trained, rank=2)
    names = [name for name, part in trained.named_modules() if isinstance(part, low_rank.LAYERS)]
    before = {name: trained.get_submodule(name).weight.clone() for name in names}
    assert all(torch.equal(before[name], stock.get_submodule(name).weight) for name in names)
    with torch.no_grad():
        for parameter in parameters:  # as half precision holds them
            parameter.copy_(torch.randn(parameter.shape).half())
    file = tmp_path / "styles" / "a.safetensors"
    low_rank.save(trained, file)
    unet = UNet(stock, CPU_KERNELS, Optimizations(compiled=False))
    changed = {}
    weights = layer_weights(unet)
    for weight, change in load_adapter(file, weights).changes(weights):
        changed[id(weight)] = weight.tensor + change
    found = {name: changed[id(weights[name])] for name in names if id(weights[name]) in changed}
    assert "conv_in" not in found
    assert len(found) == len(parameters) // 2
    for name, tensor in found.items():
        wanted: nn.Module = trained.get_submodule(name)
        torch.testing.assert_close(tensor, wanted.weight, rtol=1e-5, atol=1e-5)


def test_only_the_changes_are_trained() -> None:
    model: Any = random_unet(TINY)
    parameters = low_rank.add_changes(model, rank=1)
    assert {id(one) for one in parameters} == {
        id(one) for one in model.parameters() if one.requires_grad
    }
    frozen = [one for one in model.parameters() if not one.requires_grad]
    assert sum(map(torch.numel, parameters)) < sum(map(torch.numel, frozen))


@pytest.mark.parametrize("rank", [1, 3])
def test_a_change_is_nothing_at_first_and_of_its_rank_then(rank: int) -> None:
    weight = torch.randn(6, 4, 3, 3)
    change = low_rank.LowRankChange(weight, rank)
    assert torch.equal(change(weight), weight)
    with torch.no_grad():
        change.up.normal_()
    difference = (change(weight) - weight).flatten(1)
    assert int(torch.linalg.matrix_rank(difference, rtol=1e-4)) == rank
