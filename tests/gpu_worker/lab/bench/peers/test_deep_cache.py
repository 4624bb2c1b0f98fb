"""DeepCache is compared where it is installed, and leaves the stock pipeline as it was."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gpu_worker.lab.bench.accuracy import starting_from
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.peers import deep_cache
from gpu_worker.lab.bench.peers.deep_cache import compare_peer
from gpu_worker.lab.bench.pipelines import PipelinePair
from gpu_worker.lab.bench.report import BenchmarkReport

SHAPE = ClipShape(32, 32, 4, 2)


class HalvingHelper:
    """DeepCacheSDHelper's methods; while it is enabled, the UNet predicts half of everything."""

    parameters: dict[str, int]

    def __init__(self, pipe: Any) -> None:
        self.unet = pipe.unet

    def set_params(self, **parameters: int) -> None:
        type(self).parameters = parameters

    def enable(self) -> None:
        forward = self.unet.forward
        self.unet.forward = lambda *args, **given: (forward(*args, **given)[0] / 2,)

    def disable(self) -> None:
        del self.unet.forward


def test_a_missing_peer_is_named(pair: PipelinePair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, deep_cache.PACKAGE, None)
    report = BenchmarkReport("a processor", "the clock's", peer=compare_peer(pair, SHAPE, 1))
    assert "DeepCache is not installed" in report.markdown()
    assert json.loads(report.json_line())["peer"]["rows"] == {}


@pytest.mark.filterwarnings("ignore")
def test_a_peer_is_a_row_beside_stock_and_engine(
    pair: PipelinePair, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SimpleNamespace(DeepCacheSDHelper=HalvingHelper)
    monkeypatch.setitem(sys.modules, deep_cache.PACKAGE, module)
    monkeypatch.setattr(deep_cache, "version", lambda _package: "0.9")
    found = compare_peer(pair, SHAPE, 2)
    peer = found.rows["DeepCache 0.9"]
    assert HalvingHelper.parameters == {"cache_interval": 2, "cache_branch_id": 0}
    assert peer.distance_from_stock > 0.01
    # In the second round the stock pipeline runs last: nothing of the peer is left in it.
    assert found.rows["ours"].distance_from_stock < 1e-4
    assert found.rows["ours, with reuse"].distance_from_stock > 1e-4
    report = BenchmarkReport("a processor", "the clock's", peer=found)
    assert f"| DeepCache 0.9 | {peer.seconds:.2f} |" in report.markdown()
    assert set(json.loads(report.json_line())["peer"]["rows"]) == set(found.rows)


def test_the_noise_is_given_for_one_clip_only(pair: PipelinePair) -> None:
    own = pair.stock.pipeline.prepare_latents
    with starting_from(pair.stock, SHAPE, seed=1):
        given = pair.stock.pipeline.prepare_latents()
    assert torch.equal(given, torch.randn(given.shape, generator=torch.Generator().manual_seed(1)))
    assert pair.stock.pipeline.prepare_latents == own
