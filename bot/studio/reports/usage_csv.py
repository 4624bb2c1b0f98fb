"""A usage history as a CSV file, for spreadsheets."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterator
from dataclasses import fields
from io import StringIO

from storage.domain.quota import DAY
from storage.domain.usage.usage import Usage, UsageHistory

SUMS = tuple(field.name for field in fields(Usage))
COLUMNS = ("group", "key", "name", *SUMS, "waited_median", "waited_95")
"""Seconds are GPU seconds but for the last two, which are those until the work began."""
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What a formula begins with, in Japanese and Chinese spreadsheets too."""
Row = tuple[object, ...]


def csv_of(
    history: UsageHistory, subject: str = "person", name: Callable[[str], str] = lambda _: ""
) -> str:
    """Return a CSV of the sums in all, by day, model and subject, and of the failures.

    subject says whose ids the history's subjects are; name returns what is known of one. An id is
    written with `id:` before it: spreadsheets round long numbers.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in _rows(history, subject, name):
        writer.writerow(_cell(value) for value in row)
    return text.getvalue()


def _rows(history: UsageHistory, subject: str, name: Callable[[str], str]) -> Iterator[Row]:
    waited = (history.waiting.quantile(share) for share in (0.5, 0.95))
    yield *_row("total", "", "", history.total), *(_rounded(one) for one in waited)
    for day in history.days:
        date = datetime.datetime.fromtimestamp(day * DAY, datetime.UTC).date()
        yield _row("day", date.isoformat(), "", history.by_day.get(day, Usage()))
    for model, usage in sorted(history.by_model.items()):
        yield _row("model", model, "", usage)
    for one, usage in history.by_subject.items():
        yield _row(subject, f"id:{one}" if one.isdecimal() else one, name(one), usage)
    if history.others != Usage():
        yield _row(subject, "others", "", history.others)
    for key, count in sorted(history.failures.items()):
        yield _row("failure", key, "", Usage(failed=count))


def _row(group: str, key: str, name: str, usage: Usage) -> Row:
    return group, key, name, *(_rounded(getattr(usage, column)) for column in SUMS)


def _rounded(value: float | None) -> object:
    """Return a number without the dust of its sum; an empty cell where there is none."""
    return "" if value is None else round(value, 6)


def _cell(value: object) -> object:
    """Return a text as no spreadsheet takes it for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
