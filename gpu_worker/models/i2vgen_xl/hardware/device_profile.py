"""The catalogue's hardware profile that a device is, and what an operator's own says of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import torch

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.hardware.device_facts import DeviceFacts, has_bf16, runs_compiled
from storage.domain.catalogue import Profile

log = logging.getLogger(__name__)

SLACK = 0.9
"""A card tells up to a tenth less than the memory that it is sold with: 22.3 GiB of 24."""


def fitting_profile(facts: DeviceFacts, profiles: Mapping[str, Profile]) -> Profile | None:
    """Return the profile with the most memory that a device has; None where it has none's.

    Of two with equal memory it is the one that the device's name contains, or else the first. A
    processor is the profile without memory of its own.
    """
    if not facts.is_gpu:
        return next((one for one in profiles.values() if not one.memory_gib), None)
    fitting = [one for one in profiles.values() if 0 < one.memory_gib * SLACK <= facts.memory_gib]
    name = facts.name.lower().replace(" ", "")
    return max(fitting, key=lambda one: (one.memory_gib, one.name in name), default=None)


def report_device(
    name: str, profiles: Mapping[str, Profile], chosen: str = "", dtype: str = "auto"
) -> None:
    """Log in one line what the device is and as which profile it is used.

    chosen is the operator's profile, empty for none. One that asks for more than the device has is
    a warning. Raise NotUsable for a number format that the device does not compute in.
    """
    device = torch.device(name)
    facts = DeviceFacts.of(device)
    if dtype == "bf16" and not has_bf16(device):
        raise NotUsable(f"DTYPE=bf16: {facts.name} does not compute in bf16; write fp16 or auto")
    profile = profiles.get(chosen)
    unfit = profile is not None and _is_too_large(facts, profile)
    level = logging.WARNING if unfit else logging.INFO
    compiled = "compiled" if runs_compiled(device) else "not compiled"
    text = f"{described(facts)}, {compiled}; {use(facts, profiles, chosen)}"
    log.log(level, "%s is %s", device, text)


def described(facts: DeviceFacts) -> str:
    """Return a device's name, memory and number formats."""
    memory = f"{facts.memory_gib:.1f} GiB" if facts.memory else "unknown memory"
    version = facts.capability and f", compute capability {'.'.join(map(str, facts.capability))}"
    return f"{facts.name}, {memory}{version or ''}, {', '.join(facts.formats)}"


def use(facts: DeviceFacts, profiles: Mapping[str, Profile], chosen: str = "") -> str:
    """Return as which profile a device is used, and why."""
    fitting, profile = fitting_profile(facts, profiles), profiles.get(chosen)
    if profile is not None and _is_too_large(facts, profile):
        better = f"set {fitting.name}" if fitting else "unset it"
        what = f"{profile.memory_gib:g} GiB" if facts.is_gpu else "a GPU, which torch does not find"
        return (
            f"HARDWARE_PROFILE={chosen} is for {what}: clips will give up speed, size or format;"
            f" {better} for the bot and its workers"
        )
    if profile is not None and profile.memory_gib:
        return f"HARDWARE_PROFILE={chosen} bounds the memory to {profile.memory_gib:g} GiB"
    if profile is not None:
        return f"HARDWARE_PROFILE={chosen}"
    why = "HARDWARE_PROFILE is not set: all of the memory may be used"
    if fitting is None:
        return f"no profile is so small; {why}"
    return f"profile {fitting.name}, the largest that fits; {why}"


def _is_too_large(facts: DeviceFacts, profile: Profile) -> bool:
    needed = profile.memory_gib * SLACK
    return needed > 0 and (not facts.is_gpu or 0 < facts.memory_gib < needed)
