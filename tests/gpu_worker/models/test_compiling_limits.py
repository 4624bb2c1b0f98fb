"""However many regions and shapes there are, all of them are compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions


class Noting(nn.Module):
    """Notes whether it runs compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[bool] = []

    def forward(self, numbers: Tensor) -> Tensor:
        self.runs.append(torch.compiler.is_dynamo_compiling())
        return numbers + 1


def test_many_regions_are_compiled_for_many_shapes(tmp_path: Path) -> None:
    torch.compiler.reset()
    regions = [Noting() for _ in range(4)]
    # A twentieth of what a process has, which a few regions and shapes would use up.
    with cast(Any, torch._dynamo.config).patch(accumulated_recompile_limit=12):
        CompiledRegions(regions, tmp_path, backend="eager")
        for side in range(1, 6):
            for region in regions:
                region(torch.ones(side, 2))
    assert all(region.runs == [True] * 5 for region in regions)


def test_a_torch_that_cannot_keep_regions_apart_compiles_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, Any]] = []

    def older(model: Any = None, *, dynamic: bool = False, backend: str = "") -> Any:
        given.append({"dynamic": dynamic, "backend": backend})
        return model

    monkeypatch.setattr(torch, "compile", older)
    CompiledRegions([Noting()], tmp_path, backend="eager")
    assert given == [{"dynamic": False, "backend": "eager"}]
