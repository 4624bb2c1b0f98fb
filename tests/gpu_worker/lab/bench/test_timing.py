"""Calls alternate, and seconds and memory are those of their own calls."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from gpu_worker.lab.bench.timing import alternate

CPU = torch.device("cpu")


def test_calls_alternate_and_each_is_timed_by_itself() -> None:
    now = 0.0
    calls: list[str] = []

    def call(name: str, seconds: tuple[float, float]) -> Callable[[], None]:
        def run() -> None:
            nonlocal now
            now += seconds[calls.count(name)]
            calls.append(name)

        return run

    timings = alternate(
        CPU, {"a": call("a", (1.0, 3.0)), "b": call("b", (2.0, 12.0))}, 2, clock=lambda: now
    )
    assert calls == ["a", "b", "b", "a"]
    assert timings.median("a") == 2.0
    assert timings.ratio("b", "a") == 3.0


def test_a_peak_is_that_of_its_own_call() -> None:
    calls = {"none": lambda: None, "large": lambda: np.ones(64 * 2**20, np.uint8)}
    timings = alternate(CPU, calls, 2)
    assert timings.peak("large") - timings.peak("none") > 48 * 2**20
