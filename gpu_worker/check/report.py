"""The result of one check, as a line of the report."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

NAME_WIDTH = 24
DETAIL_LIMIT = 300
"""An error's message is cut here; the whole of it stands in the log."""


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "ok"
    FAILED = "FAILED"
    NOT_RUN = "not run"


class CheckFailed(Exception):
    """Raised by a check whose result is wrong; the message says what was found."""


class NeedsOtherMachine(Exception):
    """Raised by a check that this machine cannot run; the message says what it needs."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended, after how many seconds, and what it found.

    trace is the traceback of an error that the check did not expect.
    """

    name: str
    status: Verdict
    seconds: float
    detail: str
    trace: str = ""

    def line(self) -> str:
        """Return the result as one line."""
        took = f"{self.seconds:7.1f} s" if self.status is not Verdict.NOT_RUN else " " * 9
        return f"{self.status:8}{took}  {self.name:{NAME_WIDTH}}{self.detail}"


def run_check(name: str, call: Callable[[], str]) -> CheckResult:
    """Call one check, which returns what it found; no error of it gets out."""
    began = time.perf_counter()
    trace = ""
    try:
        status, detail = Verdict.PASSED, call()
    except NeedsOtherMachine as error:
        status, detail = Verdict.NOT_RUN, str(error)
    except CheckFailed as error:
        status, detail = Verdict.FAILED, str(error)
    except Exception as error:  # whatever a library raises is what the check is for
        status, detail = Verdict.FAILED, f"{type(error).__name__}: {error}"
        trace = traceback.format_exc()
    detail = " ".join(detail.split())[:DETAIL_LIMIT]
    return CheckResult(name, status, time.perf_counter() - began, detail, trace)


def require(condition: bool, found: str) -> None:
    """Raise CheckFailed with what was found unless a condition holds."""
    if not condition:
        raise CheckFailed(found)
