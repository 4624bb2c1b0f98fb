"""A worker whose hardware profile is not set takes what its device is, and says so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
import torch

from gpu_worker.engine.api import NotUsable
from gpu_worker.models import registry
from gpu_worker.models.i2vgen_xl.hardware import device_facts
from gpu_worker.models.i2vgen_xl.hardware.device_facts import DeviceFacts, has_bf16, runs_compiled
from gpu_worker.models.i2vgen_xl.hardware.device_profile import fitting_profile, report_device
from gpu_worker.settings import WorkerSettings
from storage.catalogue_file import load_catalogue
from storage.domain.catalogue import Profile

PROFILES = load_catalogue().profiles
CUDA = torch.device("cuda")

GTX1060 = ("NVIDIA GeForce GTX 1060", 5.9, (6, 1))
RTX3070 = ("NVIDIA GeForce RTX 3070", 7.8, (8, 6))
RTX3060 = ("NVIDIA GeForce RTX 3060", 11.8, (8, 6))
T4 = ("Tesla T4", 14.6, (7, 5))
A10 = ("NVIDIA A10G", 22.3, (8, 6))
RTX4090 = ("NVIDIA GeForce RTX 4090", 23.6, (8, 9))
A100 = ("NVIDIA A100-SXM4-80GB", 79.3, (8, 0))
H100 = ("NVIDIA H100 80GB HBM3", 79.2, (9, 0))
H200 = ("NVIDIA H200", 139.8, (9, 0))

Card = tuple[str, float, tuple[int, int]]


def install(patch: pytest.MonkeyPatch, card: Card) -> None:
    """Let torch find this card."""
    name, memory, capability = card
    properties = SimpleNamespace(total_memory=int(memory * 2**30))
    for function, value in {
        "is_available": True,
        "device_count": 1,
        "get_device_properties": properties,
        "get_device_name": name,
        "get_device_capability": capability,
    }.items():
        patch.setattr(torch.cuda, function, lambda *_given, value=value: value)


def said(caplog: pytest.LogCaptureFixture, chosen: str = "", device: str = "cuda") -> str:
    """Return the one line that is logged of a device, as LEVEL TEXT."""
    with caplog.at_level(logging.INFO):
        report_device(device, PROFILES, chosen)
    (record,) = caplog.records
    return f"{record.levelname} {record.getMessage()}"


@pytest.mark.parametrize(
    ("card", "profile", "formats"),
    [
        (GTX1060, None, ("fp32", "fp16")),
        (RTX3070, None, ("fp32", "fp16", "bf16")),
        (RTX3060, "rtx3060", ("fp32", "fp16", "bf16")),
        (T4, "rtx3060", ("fp32", "fp16")),
        (A10, "rtx4090", ("fp32", "fp16", "bf16")),
        (RTX4090, "rtx4090", ("fp32", "fp16", "bf16", "fp8")),
        (A100, "a100", ("fp32", "fp16", "bf16")),
        (H100, "h100", ("fp32", "fp16", "bf16", "fp8")),
        (H200, "a100", ("fp32", "fp16", "bf16", "fp8")),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) and isinstance(one[-1], tuple) else None,
)
def test_a_card_is_the_largest_profile_whose_memory_it_has(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    card: Card,
    profile: str | None,
    formats: tuple[str, ...],
) -> None:
    install(monkeypatch, card)
    facts = DeviceFacts.of(CUDA)
    found, compiled = fitting_profile(facts, PROFILES), card is not GTX1060
    assert (found and found.name, facts.formats) == (profile, formats)
    assert (has_bf16(CUDA), runs_compiled(CUDA)) == ("bf16" in formats, compiled)
    line = said(caplog)
    assert line.startswith(f"INFO cuda is {card[0]}, {card[1]:.1f} GiB, compute capability ")
    assert f", {'' if compiled else 'not '}compiled; " in line
    assert (f"profile {profile}" if profile else "no profile is so small") in line
    assert "HARDWARE_PROFILE is not set: all of the memory may be used" in line


def test_a_processor_is_the_profile_without_memory_of_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(device_facts, "available_host_bytes", lambda: 15.5 * 2**30)
    assert said(caplog, device="cpu").startswith(
        "INFO cpu is processor, 15.5 GiB, fp32, bf16, not compiled; profile cpu"
    )


def test_an_apple_gpu_is_asked_for_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 26 * 2**30)
    facts = DeviceFacts.of(torch.device("mps"))
    found = fitting_profile(facts, PROFILES)
    assert (facts.memory_gib, found and found.name) == (26.0, "rtx4090")
    assert not runs_compiled(torch.device("mps"))


def test_a_catalogue_without_profiles_of_gpus_fits_none() -> None:
    none: Mapping[str, Profile] = {"cpu": PROFILES["cpu"]}
    assert fitting_profile(DeviceFacts("a GPU", "cuda", 2.0**35, (9, 0)), none) is None


def test_a_profile_that_is_smaller_than_the_card_bounds_its_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(monkeypatch, A100)
    line = said(caplog, "rtx3060")
    assert line.startswith("INFO")
    assert line.endswith("HARDWARE_PROFILE=rtx3060 bounds the memory to 12 GiB")


def test_a_profile_that_is_larger_than_the_card_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(monkeypatch, RTX3060)
    line = said(caplog, "a100")
    assert line.startswith("WARNING")
    assert "HARDWARE_PROFILE=a100 is for 80 GiB" in line
    assert "set rtx3060 for the bot and its workers" in line


def test_a_profile_of_a_card_on_a_processor_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = said(caplog, "a100", "cpu")
    assert line.startswith("WARNING")
    assert "HARDWARE_PROFILE=a100 is for a GPU, which torch does not find" in line
    assert "set cpu" in line


def test_a_number_format_that_the_card_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, T4)
    with pytest.raises(NotUsable, match="DTYPE=bf16: Tesla T4 does not compute in bf16"):
        report_device("cuda", PROFILES, dtype="bf16")
    install(monkeypatch, RTX3060)
    report_device("cuda", PROFILES, dtype="bf16")


def test_a_workers_engine_says_what_its_device_is(caplog: pytest.LogCaptureFixture) -> None:
    settings = WorkerSettings(device="cpu", hardware_profile="cpu")
    arguments = dict(settings.engine().arguments)
    with caplog.at_level(logging.INFO):
        registry.create(**arguments)  # type: ignore[arg-type]  # the child's own arguments
    assert [record.getMessage().split("; ")[-1] for record in caplog.records] == [
        "HARDWARE_PROFILE=cpu"
    ]
