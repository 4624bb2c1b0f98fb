"""A shape that comes again is compiled, and the next process takes up what was compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.unet import compilation
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions


class Doubler(nn.Module):
    """Doubles, and tells whether the compiler's front end was at work."""

    def __init__(self) -> None:
        super().__init__()
        self.compiled: list[bool] = []

    def forward(self, numbers: Tensor) -> Tensor:
        self.compiled.append(torch.compiler.is_dynamo_compiling())
        return numbers * 2.0


def run(regions: CompiledRegions, doubler: Doubler, shape: str) -> bool:
    """Run a shape; return whether it ran compiled."""
    doubler.compiled.clear()
    with regions.shape(shape):
        assert float(doubler(torch.ones(3)).sum()) == 6.0
    return doubler.compiled != [False]


def test_the_first_clip_is_compiled_as_all_later_ones(tmp_path: Path) -> None:
    doubler = Doubler()
    assert run(CompiledRegions([doubler], tmp_path, backend="eager"), doubler, "a")


def test_artifacts_that_cannot_be_read_are_deleted(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"spoiled")
    doubler = Doubler()
    assert run(CompiledRegions([doubler], tmp_path, backend="eager"), doubler, "a")
    assert not file.exists() or file.read_bytes() != b"spoiled"


def test_a_clip_that_was_stopped_is_not_kept(tmp_path: Path) -> None:
    regions = CompiledRegions([Doubler()], tmp_path, backend="eager")
    with pytest.raises(KeyError), regions.shape("a"):
        raise KeyError("stopped")
    assert regions.ready == set()


COMPILED = """
import sys, torch
from pathlib import Path
from torch._dynamo.utils import counters
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions
class Layer(torch.nn.Module):
    def forward(self, numbers):
        return torch.nn.functional.silu(numbers * 3.0)
layer = Layer()
regions = CompiledRegions([layer], Path(sys.argv[1]))
for _ in range(2):
    with torch.no_grad(), regions.shape("a"):
        layer(torch.ones(1, 4, 3))
print(counters["inductor"]["fxgraph_cache_hit"], counters["inductor"]["fxgraph_cache_miss"])
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_next_process_takes_up_what_was_compiled(
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


def test_what_nobody_compiled_is_not_kept(tmp_path: Path) -> None:
    if torch.compiler.save_cache_artifacts() is None:
        compilation.save_artifacts(tmp_path / "a.bin")
        assert not (tmp_path / "a.bin").exists()
