"""What pip-audit reports becomes lines and an exit status; silence is never taken for safety."""

from __future__ import annotations

import sys

import pytest

from deploy.security.vulnerabilities import AuditResult, audit, read_report

REPORT = {
    "dependencies": [
        {"name": "safe", "version": "1.0", "vulns": []},
        {
            "name": "holed",
            "version": "2.0",
            "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": []}],
        },
        {"name": "strange", "skip_reason": "Dependency not found on PyPI"},
    ],
    "fixes": [],
}


def test_a_known_vulnerability_is_named_with_its_remedy() -> None:
    result = read_report(REPORT)
    assert (result.audited, result.unknown) == (2, ("strange",))
    assert result.lines() == [
        "holed 2.0: PYSEC-2026-1, mended in 2.1",
        "2 packages audited for vulnerabilities: 1 known; NOT AUDITED: 1 that the package index"
        " tells nothing about",
    ]


def test_an_audit_that_did_not_take_place_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = audit()
    assert result == AuditResult(failure="pip-audit ended with status 1")
    assert result.lines()[0].startswith("NOT AUDITED")
