"""An adapter changes the weights by its product, whatever its names are, and leaves no trace."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter

from gpu_worker.models.i2vgen_xl.adapters.layer_weights import LayerWeight, layer_weights
from gpu_worker.models.i2vgen_xl.adapters.style_switch import MOST_WARM, StyleSwitch
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import (
    TINY,
    random_unet,
    randomize_zeros,
)
from gpu_worker.models.i2vgen_xl.memory.eight_bit import quantize
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention_choice import CPU_KERNELS
from gpu_worker.models.i2vgen_xl.unet.layout import Layout
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from storage.domain.errors import BadStyle
from storage.domain.models.style import Style
from tests.support.adapters import (
    DIFFUSERS,
    KOHYA,
    OLD_DIFFUSERS,
    PEFT,
    adapter_bytes,
    put_style,
    random_factors,
)

RANK = 2


@pytest.fixture(scope="module")
def stock() -> I2VGenXLUNet:
    """Build a tiny stock UNet in which no layer is zero."""
    torch.manual_seed(1)
    model = random_unet(TINY)
    randomize_zeros(model)
    model.requires_grad_(False)
    return model


def layers(model: Any) -> list[str]:
    """Return the names of all of the stock model's linear layers and convolutions."""
    kinds = (nn.Linear, nn.Conv2d, nn.Conv3d)
    return [name for name, module in model.named_modules() if isinstance(module, kinds)]


def wrapped(model: I2VGenXLUNet) -> UNet:
    return UNet(copy.deepcopy(model), CPU_KERNELS, Optimizations(compiled=False)).eval()


def merged(
    model: I2VGenXLUNet, factors: Mapping[str, tuple[Tensor, Tensor]], scale: float
) -> I2VGenXLUNet:
    """Return the stock model with the products added to its weights, by the definition."""
    changed = copy.deepcopy(model)
    with torch.no_grad():
        for name, (down, up) in factors.items():
            weight: Any = changed.get_submodule(name).weight
            weight += (scale * (up.flatten(1) @ down.flatten(1))).view(weight.shape)
    return changed


def weights(unet: UNet) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in unet.state_dict().items()}


def assert_same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def assert_close(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> None:
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name], rtol=1e-5, atol=1e-6)


def test_every_linear_layer_and_convolution_can_be_changed(stock: I2VGenXLUNet) -> None:
    names = layer_weights(wrapped(stock))
    for name in layers(stock):
        assert name in names, name
        wanted: Any = stock.get_submodule(name).weight
        assert torch.equal(names[name].tensor, wanted), name


@pytest.mark.parametrize("names", [DIFFUSERS, PEFT, OLD_DIFFUSERS, KOHYA])
@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_the_product_is_added_under_any_names(
    stock: I2VGenXLUNet, tmp_path: Path, names: tuple[str, str], scale: float
) -> None:
    factors, unet = random_factors(stock, layers(stock), RANK), wrapped(stock)
    before = weights(unet)
    switch = StyleSwitch(tmp_path)
    switch.bring(unet, put_style(tmp_path, adapter_bytes(factors, names), scale))
    assert_close(weights(unet), weights(wrapped(merged(stock, factors, scale))))
    assert not torch.equal(before["stock.conv_in.weight"], unet.stock.conv_in.weight)
    switch.bring(unet, None)
    assert_same(weights(unet), before)


def test_the_fused_upsampler_has_the_style_and_loses_it(
    stock: I2VGenXLUNet, tmp_path: Path
) -> None:
    name = "up_blocks.0.upsamplers.0.conv"
    factors, unet = random_factors(stock, [name], RANK), wrapped(stock)
    fused: Any = unet.up_levels[0].resize
    before = fused.weight.clone()
    switch = StyleSwitch(tmp_path)
    switch.bring(unet, put_style(tmp_path, adapter_bytes(factors)))
    wanted: Any = wrapped(merged(stock, factors, 1.0)).up_levels[0].resize
    torch.testing.assert_close(fused.weight, wanted.weight)
    assert not torch.equal(fused.weight, before)
    switch.bring(unet, None)
    assert torch.equal(fused.weight, before)


def test_another_style_or_scale_takes_the_place_of_the_first(
    stock: I2VGenXLUNet, tmp_path: Path
) -> None:
    first, second = (
        random_factors(stock, ["conv_in", "conv_out"], RANK, size) for size in (0.1, 0.2)
    )
    unet, switch = wrapped(stock), StyleSwitch(tmp_path)
    before = weights(unet)
    one, two = (put_style(tmp_path, adapter_bytes(factors)) for factors in (first, second))
    switch.bring(unet, one)
    changed = weights(unet)
    switch.bring(unet, two)
    assert_close(weights(unet), weights(wrapped(merged(stock, second, 1.0))))
    switch.bring(unet, Style(one.name, 0.25, one.file))
    assert_close(weights(unet), weights(wrapped(merged(stock, first, 0.25))))
    switch.bring(unet, one)
    assert_same(weights(unet), changed)
    switch.bring(unet, Style(one.name, 0.0, one.file))
    assert_same(weights(unet), before)


@pytest.mark.parametrize(
    ("settings", "factor"),
    [
        ({"lora_alpha": 1}, 1 / RANK),
        ({"lora_alpha": 4}, 2.0),
        ({"lora_alpha": 2, "use_rslora": True}, 2 / RANK**0.5),
        ({"lora_alpha": 2, "alpha_pattern": {"conv_in": 6}}, 3.0),
        ({}, 1.0),
    ],
)
def test_pefts_settings_weigh_the_product(
    stock: I2VGenXLUNet, tmp_path: Path, settings: dict[str, object], factor: float
) -> None:
    factors, unet = random_factors(stock, ["conv_in"], RANK), wrapped(stock)
    known = {f"unet.{name}": value for name, value in settings.items()}
    data = adapter_bytes(factors, metadata={"lora_adapter_metadata": json.dumps(known)})
    StyleSwitch(tmp_path).bring(unet, put_style(tmp_path, data))
    assert_close(weights(unet), weights(wrapped(merged(stock, factors, factor))))


def test_kohyas_alpha_weighs_the_product(stock: I2VGenXLUNet, tmp_path: Path) -> None:
    factors, unet = random_factors(stock, ["conv_in"], RANK), wrapped(stock)
    alpha = {"lora_unet_conv_in.alpha": torch.tensor(1.0)}
    data = adapter_bytes(factors, KOHYA, further=alpha)
    StyleSwitch(tmp_path).bring(unet, put_style(tmp_path, data))
    assert_close(weights(unet), weights(wrapped(merged(stock, factors, 1 / RANK))))


def test_weights_that_are_loaded_anew_get_the_style_again(
    stock: I2VGenXLUNet, tmp_path: Path
) -> None:
    factors, switch = random_factors(stock, layers(stock), RANK), StyleSwitch(tmp_path)
    style = put_style(tmp_path, adapter_bytes(factors))
    first, second = wrapped(stock), wrapped(stock)
    switch.bring(first, style)
    changed = weights(first)
    quantize(first)  # as a clip does that runs out of memory
    switch.forget()
    switch.bring(second, switch.style)
    assert_same(weights(second), changed)
    switch.bring(second, None)
    assert_same(weights(second), weights(wrapped(stock)))


@torch.inference_mode()
def test_what_was_compiled_stays_valid(stock: I2VGenXLUNet, tmp_path: Path) -> None:
    style = put_style(tmp_path, adapter_bytes(random_factors(stock, layers(stock), RANK)))
    plain, compiled, counter = wrapped(stock), wrapped(stock), CompileCounter()
    compiled.transformer_in.compile(dynamic=False, backend=counter)
    maps = torch.randn(4, 8, 6, 6).contiguous(memory_format=torch.channels_last)
    layout = Layout(1, 4, channels_last=True)
    before = compiled.transformer_in(maps, layout)
    graphs = counter.frame_count
    for unet in (plain, compiled):
        StyleSwitch(tmp_path).bring(unet, style)
    after = compiled.transformer_in(maps, layout)
    assert torch.equal(after, plain.transformer_in(maps, layout))
    assert not torch.equal(after, before)
    assert counter.frame_count == graphs > 0


def test_a_warm_style_is_not_read_again_and_a_cold_one_is(
    stock: I2VGenXLUNet, tmp_path: Path
) -> None:
    unet, switch = wrapped(stock), StyleSwitch(tmp_path)
    styles = [
        put_style(tmp_path, adapter_bytes(random_factors(stock, ["conv_in"], RANK, 0.1 * number)))
        for number in range(1, MOST_WARM + 2)
    ]
    for style in styles:
        switch.bring(unet, style)
    for style in styles:
        (tmp_path / style.file).unlink()
    for style in styles[1:]:
        switch.bring(unet, style)
    with pytest.raises(BadStyle) as caught:
        switch.bring(unet, styles[0])
    assert caught.value.key == "style_gone"
    assert_same(weights(unet), weights(wrapped(stock)))


BAD = {
    "style_no_layer": {"unet.down_blocks.9.resnets.0.conv1": (torch.ones(2, 8), torch.ones(8, 2))},
    "style_shape": {"unet.conv_in": (torch.ones(2, 8, 5, 5), torch.ones(8, 2, 1, 1))},
    "style_not_finite": {
        "unet.conv_out": (torch.full((2, 8, 3, 3), torch.nan), torch.ones(4, 2, 1, 1))
    },
}


@pytest.mark.parametrize("key", BAD)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    stock: I2VGenXLUNet, tmp_path: Path, key: str
) -> None:
    good = {"unet.conv_in": random_factors(stock, ["conv_in"])["conv_in"]}
    unet, switch = wrapped(stock), StyleSwitch(tmp_path)
    before = weights(unet)
    names = ("{}.lora_A.weight", "{}.lora_B.weight")
    with pytest.raises(BadStyle) as caught:
        switch.bring(unet, put_style(tmp_path, adapter_bytes({**good, **BAD[key]}, names)))
    assert caught.value.key == key
    assert_same(weights(unet), before)
    switch.bring(unet, put_style(tmp_path, adapter_bytes(good, names)))
    assert not torch.equal(unet.stock.conv_in.weight, before["stock.conv_in.weight"])


def test_a_header_that_only_safetensors_refuses_is_refused_in_words(
    stock: I2VGenXLUNet, tmp_path: Path
) -> None:
    data = adapter_bytes(random_factors(stock, ["conv_in"]))
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["unet.conv_in.lora_A.weight"] |= {"more": math.inf}  # which JSON does not have
    text = json.dumps(header).encode()
    data = len(text).to_bytes(8, "little") + text + data[8 + length :]
    with pytest.raises(BadStyle) as caught:
        StyleSwitch(tmp_path).bring(wrapped(stock), put_style(tmp_path, data))
    assert caught.value.key == "style_not_safetensors"


def test_weights_come_back_after_memory_ran_out_while_they_were_copied(
    stock: I2VGenXLUNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factors, unet = random_factors(stock, layers(stock), RANK), wrapped(stock)
    before, switch = weights(unet), StyleSwitch(tmp_path)
    switch.bring(unet, put_style(tmp_path, adapter_bytes(factors)))

    def short(_weight: LayerWeight) -> None:
        raise torch.OutOfMemoryError("injected")

    with monkeypatch.context() as patch:
        patch.setattr(LayerWeight, "refresh", short)
        with pytest.raises(torch.OutOfMemoryError):
            switch.bring(unet, None)
    switch.bring(unet, None)
    assert_same(weights(unet), before)
