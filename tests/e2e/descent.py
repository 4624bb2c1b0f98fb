"""Which processes a process started, and whether they are still there."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that a process started (on Linux; elsewhere none are known)."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listed.read_text().split()] if listed.exists() else []


def ended(pid: int) -> bool:
    """A process that is gone, or a zombie that only waits to be collected."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
