"""How much of the host's memory this process can still take."""

from __future__ import annotations

from pathlib import Path


def available_host_bytes(system: Path = Path("/")) -> float | None:
    """Return the bytes that this process can still take: the machine's, or its control group's."""
    limits = [_machine(system / "proc/meminfo"), _control_group(system / "sys/fs/cgroup")]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def may_lock(size: float, system: Path = Path("/")) -> bool:
    """Tell whether pages of so many bytes may be locked in the host's memory, for quicker copies.

    Such pages cannot be given up: as much again has to stay for everything else.
    """
    available = available_host_bytes(system)
    return available is None or 2 * size <= available


def _machine(file: Path) -> float | None:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return float(found[0]) * 1024 if found else None


def _control_group(folder: Path) -> float | None:
    """Return what a control group leaves, counting the pages that it would give up."""
    try:
        limit = (folder / "memory.max").read_text(encoding="utf-8").strip()
        used = float((folder / "memory.current").read_text(encoding="utf-8"))
        stat = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    if limit == "max":
        return None
    cached = next((float(line.split()[1]) for line in stat if line.startswith("inactive_file ")), 0)
    return float(limit) - used + cached
