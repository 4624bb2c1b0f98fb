"""The processes that a process started, and whether they have ended."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the ids of a process's children (on Linux; none are known elsewhere)."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(part) for part in listed.read_text().split()] if listed.exists() else []


def descendants(pid: int) -> list[int]:
    """Return the ids of a process's children, theirs, and so on."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def has_ended(pid: int) -> bool:
    """Tell whether a process is gone, or a zombie that only waits to be collected."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
