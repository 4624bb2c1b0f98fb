"""The benchmark makes the clip that people get where they leave every option out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from gpu_worker.lab.bench import product_defaults
from gpu_worker.lab.bench.product_defaults import PROMPT, default_request, measure_defaults
from storage.catalogue_file import load_catalogue

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("name", ["embedded", "i2vgen-xl"])
def test_the_request_is_what_is_admitted(name: str) -> None:
    admission = Admission(CATALOGUE, CATALOGUE.profiles["h100"])
    admitted = admission.admit(Options(PROMPT, model=name), "benchmark", (768, 768), seed=8888)
    assert default_request(CATALOGUE.models[name], (768, 768)) == admitted


@pytest.mark.filterwarnings("ignore")
def test_both_clips_are_measured(still_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = CATALOGUE.models["i2vgen-xl"]
    small = replace(default_request(model, (768, 768)), width=64, height=64, frames=4, steps=3)
    monkeypatch.setattr(product_defaults, "default_request", lambda *_: small)
    monkeypatch.setattr(product_defaults, "STOCK_STEPS", 3)
    cpu = torch.device("cpu")
    found = measure_defaults(model, still_checkpoint, cpu, 1, time.perf_counter)
    assert (found.size, found.stock_size) == ("64 x 64 x 4", "64 x 64 x 4")
    assert found.seconds > 0
    assert found.stock_seconds > 0
    assert "(64 x 64 x 4, 3 steps) takes" in found.markdown()[0]
