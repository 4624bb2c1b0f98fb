"""A cancel that comes while layers are compiled is obeyed before the next layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gpu_worker.engine.api import Cancelled
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions
from storage.domain.progress import Progress, Stage
from tests.support.models import load_engine, tiny_request

FEW = {"steps": 2, "guidance": 1.0, "width": 64, "height": 64}


def compiling_engine(checkpoint: Path, folder: Path, backend: Any) -> I2VGenXL:
    """Load an engine whose regions are compiled at once."""
    torch.compiler.reset()
    # The fused gate, which is for CPUs alone, cannot be traced.
    optimizations = Optimizations(compiled=False, fused_gate=False)
    engine = load_engine(checkpoint, optimizations=optimizations)
    unet = engine.pipeline.unet
    regions = [unet.transformer_in, *unet.layers()]
    engine.pipeline.regions = CompiledRegions(regions, folder, backend, at_once=True)
    return engine


def cancelled_at(
    engine: I2VGenXL, canvas: Canvas, should_stop: Callable[[], bool]
) -> list[Progress]:
    """Make a clip that is cancelled; return its progress."""
    seen: list[Progress] = []
    with pytest.raises(Cancelled):
        engine.generate(
            tiny_request(**FEW), canvas, lambda one, _preview: seen.append(one), should_stop
        )
    return seen


@pytest.mark.filterwarnings("ignore")  # a region that warns would run uncompiled
def test_a_cancel_is_obeyed_before_the_next_layer_is_compiled(
    tmp_path: Path, still_checkpoint: Path, canvas: Canvas
) -> None:
    compiled: list[int] = []

    def backend(graph: Any, _inputs: Any) -> Any:
        compiled.append(1)
        return graph.forward

    engine = compiling_engine(still_checkpoint, tmp_path, backend)
    seen = cancelled_at(engine, canvas, lambda: len(compiled) >= 2)
    assert len(compiled) == 2  # of ten
    assert [one.stage for one in seen][-2:] == [Stage.COMPILING] * 2
    assert engine.pipeline.regions is not None
    assert engine.pipeline.regions.ready == set()


class Region(nn.Module):
    """A layer that inductor makes code for."""

    def forward(self, numbers: Tensor) -> Tensor:
        return nn.functional.silu(numbers * 3.0) + 1.0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_what_was_compiled_before_a_cancel_is_not_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    torch.compiler.reset()
    layers, told = [Region(), Region()], list[int]()
    regions = CompiledRegions(layers, tmp_path, at_once=True)
    numbers = torch.ones(4)
    with torch.no_grad(), pytest.raises(Cancelled), regions.shape("a", lambda: told.append(1)):
        layers[0](numbers)
        raise Cancelled
    assert (len(told), regions.ready) == (1, set())
    with torch.no_grad(), regions.shape("a", lambda: told.append(1)):
        results = [layer(numbers) for layer in layers]
    assert (len(told), regions.ready) == (2, {"a"})
    for result in results:
        torch.testing.assert_close(result, Region()(numbers))
