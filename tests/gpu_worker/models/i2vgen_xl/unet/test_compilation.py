"""Every region is compiled for every shape, and the next process reads what was compiled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions, save_artifacts


class RecordingRegion(nn.Module):
    """Adds one and records whether it runs compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.compiled: list[bool] = []

    def forward(self, numbers: Tensor) -> Tensor:
        self.compiled.append(torch.compiler.is_dynamo_compiling())
        return numbers + 1


def run(folder: Path, shape: str) -> list[bool]:
    """Run a new region for a shape; return whether it ran compiled, each time."""
    return run_all(folder, [shape])


def run_all(folder: Path, shapes: Sequence[str], *, at_once: bool = False) -> list[bool]:
    """Run a new region for one shape after the other; return whether it ran compiled."""
    region = RecordingRegion()
    regions = CompiledRegions([region], folder, backend="eager", at_once=at_once)
    for shape in shapes:
        with regions.shape(shape):
            assert float(region(torch.ones(3)).sum()) == 6.0
    return region.compiled


def test_a_shape_is_compiled_when_it_comes_again(tmp_path: Path) -> None:
    assert run_all(tmp_path, ["a"]) == [False]
    assert run_all(tmp_path, ["b", "a", "b", "c"]) == [False, True, True, False]


def test_a_shape_can_be_compiled_at_once(tmp_path: Path) -> None:
    assert run_all(tmp_path, ["a"], at_once=True) == [True]


def test_a_cache_that_cannot_be_written_ends_no_clip(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "full").touch()  # in place of a folder
    assert run_all(tmp_path / "full", ["a", "a"]) == [False, True]
    if torch.compiler.save_cache_artifacts() is not None:
        assert "what was compiled cannot be kept" in caplog.text


def test_artifacts_that_cannot_be_read_are_deleted(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"broken")
    run(tmp_path, "a")
    assert not file.exists() or file.read_bytes() != b"broken"


def test_a_cancelled_clip_saves_no_artifacts(tmp_path: Path) -> None:
    regions = CompiledRegions([RecordingRegion()], tmp_path, backend="eager", at_once=True)
    with pytest.raises(KeyError), regions.shape("a"):
        raise KeyError("cancelled")
    assert regions.ready == set()


def test_every_region_that_is_compiled_is_told(tmp_path: Path) -> None:
    torch.compiler.reset()
    regions, told = [RecordingRegion(), RecordingRegion()], list[int]()
    compiled = CompiledRegions(regions, tmp_path, backend="eager")
    seen = []
    for size in (3, 3, 4):
        with compiled.shape("a", lambda: told.append(1)):
            for region in regions:
                region(torch.ones(size))
        seen.append(len(told))
    regions[0](torch.ones(5))  # of no clip
    assert (seen, len(told)) == ([0, 2, 4], 4)


def test_where_nothing_was_compiled_nothing_is_saved(tmp_path: Path) -> None:
    if torch.compiler.save_cache_artifacts() is None:
        save_artifacts(tmp_path / "a.bin")
        assert not (tmp_path / "a.bin").exists()


def test_many_regions_are_compiled_for_many_shapes(tmp_path: Path) -> None:
    torch.compiler.reset()
    regions = [RecordingRegion() for _ in range(4)]
    # A twentieth of what a process has, which a few regions and shapes would use up.
    with cast(Any, torch._dynamo.config).patch(accumulated_recompile_limit=12):
        CompiledRegions(regions, tmp_path, backend="eager")
        for side in range(1, 6):
            for region in regions:
                region(torch.ones(side, 2))
    assert all(region.compiled == [True] * 5 for region in regions)


def test_a_torch_that_cannot_isolate_regions_compiles_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, Any]] = []

    def older(model: Any = None, *, dynamic: bool = False, backend: str = "") -> Any:
        given.append({"dynamic": dynamic, "backend": backend})
        return model

    monkeypatch.setattr(torch, "compile", older)
    CompiledRegions([RecordingRegion()], tmp_path, backend="eager")
    assert given == [{"dynamic": False, "backend": "eager"}]


COMPILED = """
import sys, torch
from pathlib import Path
from torch._dynamo.utils import counters
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions
class Layer(torch.nn.Module):
    def forward(self, numbers):
        return torch.nn.functional.silu(numbers * 3.0)
layer = Layer()
regions = CompiledRegions([layer], Path(sys.argv[1]), at_once=True)
for _ in range(2):
    with torch.no_grad(), regions.shape("a"):
        layer(torch.ones(1, 4, 3))
print(counters["inductor"]["fxgraph_cache_hit"], counters["inductor"]["fxgraph_cache_miss"])
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_next_process_reads_what_was_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hits_and_misses(cache: str) -> str:
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / cache))
        command = [sys.executable, "-c", COMPILED, str(tmp_path / "kept")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert hits_and_misses("first") == "0 1"
    assert list((tmp_path / "kept").glob("a.bin"))
    assert hits_and_misses("second") == "1 0"
