"""The CSV of a report opens in a spreadsheet as what it is, and nothing in it is a formula."""

from __future__ import annotations

import csv
import io

import pytest

from bot.studio.reports.usage_csv import COLUMNS, csv_of
from storage.database.usage.usage_table import SUBJECTS
from storage.domain.usage.usage import Usage, UsageHistory
from storage.domain.usage.waiting_times import WaitingTimes, bucket_of

USAGE = Usage(done=3, failed=1, cached=1, credits=10, refunded=5, seconds=0.1 + 0.2, money=1.5)
HISTORY = UsageHistory(
    20_000,
    20_001,
    {20_001: USAGE},
    {"embedded": USAGE},
    {"123456789012345678": USAGE, "(deleted)": Usage(done=1)},
    Usage(done=2),
    {"failed_memory": 1},
    WaitingTimes({bucket_of(10.0): 4}),
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_sum_has_a_row() -> None:
    text = csv_of(HISTORY, name=lambda owner: "Ada, “A”" if owner.isdecimal() else "")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    found = rows(text)
    assert [(row["group"], row["key"]) for row in found] == [
        ("total", ""),
        ("day", "2024-10-04"),
        ("day", "2024-10-05"),
        ("model", "embedded"),
        ("person", "id:123456789012345678"),
        ("person", "(deleted)"),
        ("person", "others"),
        ("failure", "failed_memory"),
    ]
    assert float(found[0]["waited_median"]) == pytest.approx(10.0, rel=0.1)
    assert (found[1]["done"], found[2]["done"], found[2]["seconds"]) == ("0", "3", "0.3")
    assert found[4]["name"] == "Ada, “A”"
    assert (found[7]["failed"], found[7]["done"]) == ("1", "0")


@pytest.mark.parametrize("start", [*"=+-@\t\r\n＝＠"])
def test_no_cell_is_a_formula(start: str) -> None:
    formula = f'{start}HYPERLINK("https://example.com","click")'
    history = UsageHistory(1, 1, {}, {formula: USAGE}, {"1": USAGE}, failures={formula: 1})
    text = csv_of(history, name=lambda _: formula)
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert [cell for cell in cells if cell.startswith(start)] == []
    assert cells.count(f"'{formula}") == 3


def test_the_largest_file_is_within_every_size_limit() -> None:
    huge = Usage(*[10**12] * 7, *[1e12 + 0.123456] * 4)
    people = {f"{10**18 + number}": huge for number in range(SUBJECTS)}
    days = dict.fromkeys(range(90), huge)
    text = csv_of(UsageHistory(0, 89, days, {"m" * 200: huge}, people), name=lambda _: "名" * 32)
    assert len(text.encode()) < 2**20
