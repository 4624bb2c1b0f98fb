"""The load measurement runs from an empty folder to its one line, with and without a queue."""

from __future__ import annotations

import json

import pytest

from deploy.local.load.__main__ import main, milliseconds

REPORTS = ("quota", "report", "service_report")
FIGURES = {
    *("waiting", "finished", "people", "ready_s", "bot_cpu_share", "bot_read_mib_per_s", "orders"),
    *("statement_max_ms", "statement", "acknowledged_p99_ms", "acknowledged_median_ms"),
    *("delete_median_ms", "delete_max_ms"),
    *(f"{name}_{share}_ms" for name in REPORTS for share in ("median", "max", "cpu")),
}


def test_a_percentile_is_one_of_the_values() -> None:
    seconds = [number / 1000 for number in range(1, 201)]
    assert milliseconds(seconds, 0.99) == 198.0
    assert milliseconds(seconds, 1.0) == 200.0
    assert milliseconds([], 0.99) is None


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("waiting", "database"), [(60, ""), (0, ""), (0, "postgresql")])
def test_a_measurement_prints_its_figures(
    waiting: int, database: str, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    options = ["--finished", "300", "--people", "6", "--seconds", "6", "--clip-seconds", "0.5"]
    if database:
        options += ["--database-url", request.getfixturevalue("postgres_url")]
    assert main(["--waiting", str(waiting), *options]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == FIGURES | ({"engine_idle_share"} if waiting else set())
    assert figures["orders"] > 0
    assert figures["delete_max_ms"] > 0
    assert all(figures[f"{name}_max_ms"] > 0 for name in REPORTS)
