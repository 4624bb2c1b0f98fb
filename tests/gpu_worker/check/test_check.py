"""The check of a machine: each line says what was found, and a failure is never silent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_worker.check import __main__ as check
from gpu_worker.check import clip_checks
from gpu_worker.check.report import CheckFailed, Verdict, run_check
from gpu_worker.check.subject import Subject, make_clip

CUDA_ONLY = {
    "device busy",
    "fallback offload",
    "offload overlap",
    "lack of memory, 3/4",
    "lack of memory, 1/3",
    "full device",
    "compiled, auto",
    "compiled, reloaded",
    "cancel, compiling",
    "compiled, xformers",
}

QUICK = [
    "device",
    "hardware profile",
    "attention sdpa",
    "attention xformers",
    "group norm",
    "random weights",
    "loading",
    "preset draft",
    "cancel",
    "fallback smaller",
    "compiled, auto",
]


@pytest.fixture(autouse=True)
def gradients() -> Iterator[None]:
    """Leave torch as it was."""
    yield
    torch.set_grad_enabled(True)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command on the CPU."""
    monkeypatch.setattr(sys, "argv", ["check", "--device", "cpu", *arguments])
    return check.main()


def test_every_line_says_how_it_ended_and_what_needs_another_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--only", *QUICK) == 0
    *lines, summary = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "not", *["ok"] * 6, "not"]
    assert "profile cpu" in lines[1]
    assert "xformers is not installed" in lines[3]
    assert "needs CUDA" in lines[-1]
    assert summary.startswith("9 passed, 0 failed, 2 not run")


@pytest.mark.slow
def test_a_cpu_passes_every_check_that_it_can_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(check.CHECKS) + 1
    missing = {
        name
        for name in check.CHECKS
        if f"  {name}  " in "\n".join(line for line in lines if line.startswith(Verdict.NOT_RUN))
    }
    assert missing == CUDA_ONLY | {"attention xformers"}


def test_an_error_is_one_line_and_ends_in_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_subject: Subject) -> str:
        raise RuntimeError("CUDA error:\nan illegal memory access")

    def wrong(_subject: Subject) -> str:
        raise CheckFailed("9 of 255")

    monkeypatch.setattr(check, "CHECKS", {"broken": broken, "wrong": wrong})
    assert run(monkeypatch) == 1
    output = capsys.readouterr()
    assert "RuntimeError: CUDA error: an illegal memory access\n" in output.out
    assert "2 failed" in output.out
    assert output.err.count("Traceback") == 1  # what was found wrong explains itself


def test_a_device_that_is_not_there_is_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["check", "--device", "cuda:7"])
    assert check.main() == 2
    assert "torch finds 0 CUDA GPUs" in capsys.readouterr().err


def test_a_clip_that_repeats_itself_badly_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    subject = Subject(torch.device("cpu"), tmp_path)
    seeds = iter(range(9))
    make = make_clip

    def other_seed(*given: Any, **changes: Any) -> Any:
        return make(*given, **changes, seed=next(seeds))

    monkeypatch.setattr(clip_checks, "make_clip", other_seed)
    result = run_check("same seed", lambda: clip_checks.repeated(subject))
    assert result.status is Verdict.FAILED
    assert "of 255" in result.detail
