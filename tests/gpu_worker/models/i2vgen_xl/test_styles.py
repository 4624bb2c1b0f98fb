"""A style changes a clip; without it, or at scale 0, the clip is the model's own to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gpu_worker.engine.api import OutOfMemory, Result
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import engine as engine_module
from gpu_worker.models.i2vgen_xl.adapters.adapter import Adapter
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import TINY, random_unet
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from storage.domain.errors import BadStyle
from storage.domain.models.style import Style
from tests.support.adapters import adapter_bytes, put_style, random_factors
from tests.support.models import generate, load_engine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("styles")


@pytest.fixture(scope="module")
def engine(still_checkpoint: Path, folder: Path) -> I2VGenXL:
    return load_engine(still_checkpoint, styles_folder=folder)


@pytest.fixture(scope="module")
def style(folder: Path) -> Style:
    layers = ("conv_in", "mid_block.resnets.0.conv1", "up_blocks.0.attentions.0.proj_in")
    return put_style(folder, adapter_bytes(random_factors(random_unet(TINY), layers, size=0.3)))


@pytest.fixture
def plain(engine: I2VGenXL, canvas: Canvas) -> Iterator[Result]:
    """Make the clip without a style, before the test and after it: they are the same."""
    before = generate(engine, canvas)
    yield before
    assert np.array_equal(generate(engine, canvas).array, before.array)


def test_a_style_changes_the_clip_by_its_scale(
    engine: I2VGenXL, canvas: Canvas, style: Style, plain: Result
) -> None:
    whole = generate(engine, canvas, style=style)
    little = generate(engine, canvas, style=Style(style.name, 0.1, style.file))
    none = generate(engine, canvas, style=Style(style.name, 0.0, style.file))
    changes = [np.abs(one.array.astype(float) - plain.array).mean() for one in (little, whole)]
    assert 0 < changes[0] < changes[1]
    assert np.array_equal(none.array, plain.array)
    assert np.array_equal(generate(engine, canvas, style=style).array, whole.array)


def test_all_candidates_have_the_style(
    engine: I2VGenXL, canvas: Canvas, style: Style, plain: Result
) -> None:
    several = generate(engine, canvas, style=style, candidates=2)
    alone = generate(engine, canvas, style=style, seed=several.seed)
    difference = np.abs(several.array.astype(int) - alone.array).max()
    assert difference <= 1  # shared passes sum in another order
    assert not np.array_equal(alone.array, generate(engine, canvas, seed=several.seed).array)


def test_weights_that_a_clip_gave_up_come_back_with_the_style(
    engine: I2VGenXL,
    canvas: Canvas,
    style: Style,
    plain: Result,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = generate(engine, canvas, style=style)
    with monkeypatch.context() as patch:
        eight: Any = lambda *_: MemoryMode.EIGHT_BIT  # noqa: E731
        patch.setattr(engine_module.I2VGenXL, "_memory_mode", eight)
        stored = generate(engine, canvas, style=style)
    assert [one.key for one in stored.adjustments] == ["adjusted_eight_bit"]
    assert np.abs(stored.array.astype(float) - whole.array).mean() < 2.0
    assert np.array_equal(generate(engine, canvas, style=style).array, whole.array)


def test_a_style_that_cannot_be_taken_refuses_the_clip_alone(
    engine: I2VGenXL, canvas: Canvas, folder: Path, style: Style, plain: Result
) -> None:
    broken = {"unet.conv_in": (torch.full((1, 8, 3, 3), torch.inf), torch.ones(8, 1, 1, 1))}
    data = adapter_bytes(broken, ("{}.lora_A.weight", "{}.lora_B.weight"))
    generate(engine, canvas, style=style)
    for bad, key in (
        (put_style(folder, data), "style_not_finite"),
        (Style("gone", 1.0, "0" * 64), "style_gone"),
    ):
        with pytest.raises(BadStyle) as caught:
            generate(engine, canvas, style=bad)
        assert caught.value.key == key


def test_a_lack_of_memory_for_a_style_is_named_and_leaves_the_weights(
    engine: I2VGenXL,
    canvas: Canvas,
    style: Style,
    plain: Result,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = Adapter.changes

    def short(*arguments: Any) -> Iterator[Any]:
        yield from list(changes(*arguments))[:2]
        raise torch.OutOfMemoryError("injected")

    with monkeypatch.context() as patch:
        patch.setattr(Adapter, "changes", short)
        with pytest.raises(OutOfMemory):
            generate(engine, canvas, style=style)
    assert not np.array_equal(generate(engine, canvas, style=style).array, plain.array)
