"""Asks pip-audit for the known vulnerabilities of the installed packages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PATIENCE = 300.0  # seconds


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A known vulnerability of an installed package, and the versions that mend it."""

    package: str
    version: str
    id: str
    mended_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What an audit found: how many packages are known, and those that nobody knows.

    failure says why there was no audit, empty where there was one.
    """

    audited: int = 0
    unknown: tuple[str, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()
    failure: str = ""

    def lines(self) -> list[str]:
        """Return what is to be told."""
        if self.failure:
            return [f"NOT AUDITED for vulnerabilities: {self.failure}"]
        found = [
            f"{one.package} {one.version}: {one.id}, mended in {', '.join(one.mended_in) or 'none'}"
            for one in self.vulnerabilities
        ]
        count = len(self.vulnerabilities)
        told = f"{self.audited} packages audited for vulnerabilities: {count} known"
        if self.unknown:
            told += f"; NOT AUDITED: {len(self.unknown)} that the package index tells nothing about"
        return [*found, told]


def audit() -> AuditResult:
    """Audit this environment; an index that cannot be reached is told and is no error."""
    command = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable"]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return read_report(json.loads(run.stdout))
    except subprocess.TimeoutExpired:
        return AuditResult(failure=f"no answer within {PATIENCE:.0f} seconds")
    except json.JSONDecodeError:
        last = run.stderr.strip().rpartition("\n")[2]
        return AuditResult(failure=last or f"pip-audit ended with status {run.returncode}")


def read_report(report: Mapping[str, Any]) -> AuditResult:
    """Read pip-audit's JSON."""
    packages = report["dependencies"]
    unknown = tuple(one["name"] for one in packages if "skip_reason" in one)
    found = tuple(
        Vulnerability(one["name"], one["version"], each["id"], tuple(each["fix_versions"]))
        for one in packages
        for each in one.get("vulns", ())
    )
    return AuditResult(len(packages) - len(unknown), unknown, found)
