"""The section of the page about its person: credits, what is kept, export, and to be forgotten."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from bot.studio.reports.chart import COLOURS
from bot.studio.reports.legend import CREDITS
from bot.studio.studio import Studio
from bot.web.markup import address, element, text, void
from bot.web.words import Words
from storage.domain.job import Status
from storage.domain.quota import Allowance, Budget, UsageReport
from storage.domain.usage.usage import Usage, UsageHistory

DAYS = 30
"""Of the chart."""


@dataclass(frozen=True, slots=True)
class AccountHtml:
    """Renders the account of one person; name is the one that they logged in by, if they did.

    policy_url, where not empty, is the operator's policy.
    """

    studio: Studio
    words: Words
    owner: str
    name: str = ""
    policy_url: str = ""

    async def page(self, *, logs_out: bool) -> str:
        """Return the whole section; with a button to log out where there is a login."""
        report = await self.studio.reports.of_person(self.owner)
        history = await self.studio.usage.of_person(self.owner, DAYS)
        styles = len(await self.studio.styles.own(self.owner))
        return "".join(
            (
                self._who(logs_out=logs_out),
                self._credits(report, history),
                await self._privacy(),
                self._forget(report, styles),
            )
        )

    def _who(self, *, logs_out: bool) -> str:
        if not self.name:
            return ""
        said = element("span", text(self.words("page_account_name", person=self.name)))
        button = element("button", text(self.words("page_log_out")), type="submit")
        form = element("form", button, method="post", action="logout") if logs_out else ""
        return element("div", said, form, class_="mu-actions")

    def _credits(self, report: UsageReport, history: UsageHistory) -> str:
        rows = [(text(name), said) for name, said in self._rows(report)]
        rows += self._used(history.total)
        terms = "".join(element("dt", name) + element("dd", text(said)) for name, said in rows)
        about = self.words("used_last_days", days=DAYS)
        chart = void("img", src=address("account", "chart"), alt=about, loading="lazy")
        drawn = chart if history.total != Usage() else ""
        return element("h3", text(self.words("quota_title"))) + element("dl", terms) + drawn

    def _rows(self, report: UsageReport) -> Iterator[tuple[str, str]]:
        if report.allowance is not None:
            yield from self._allowance(report.allowance)
        yield self.words("quota_in_all"), self._amount(report.credits)
        yield self.words("quota_saved"), self._amount(report.saved)
        counts = ((status, report.counts.get(status, 0)) for status in Status)
        clips = [
            f"{self.words(f'status_{one.value}')}: {number}" for one, number in counts if number
        ]
        yield self.words("quota_clips"), " · ".join(clips) or "0"

    def _allowance(self, allowance: Allowance) -> Iterator[tuple[str, str]]:
        yield self.words("quota_left"), self._left(allowance.today)
        yield self.words("quota_today"), self._amount(allowance.spent)
        yield self.words("quota_reserved"), self._amount(allowance.reserved)
        if (month := allowance.month) is not None:
            yield self.words("quota_month"), self._amount(month.spent)
            if month.left is not None:
                yield self.words("quota_left_month"), self._left(month)

    def _used(self, total: Usage) -> Iterator[tuple[str, str]]:
        """Yield what the colours of the chart stand for, as markup, with their sums."""
        for emoji, (key, number) in CREDITS.items():
            swatch = element("span", class_="mu-swatch", style=f"background:{COLOURS[emoji]}")
            yield swatch + text(self.words(key)), self._amount(number(total))

    def _left(self, budget: Budget) -> str:
        seconds = max(0.0, budget.resets_at - time.time())
        again = self.words("page_resets", resets_in=seconds)
        return f"{self._amount(budget.left or 0)} / {budget.limit} · {again}"

    def _amount(self, count: int) -> str:
        return self.words("quota_credits", count=count)

    async def _privacy(self) -> str:
        days = await self.studio.privacy.retention.days("")
        kept = self.words("page_privacy_days", days=days) if days else self.words("privacy_always")
        kept = f"{self.words('privacy_how_long')}: {kept}"
        lines = [self.words("page_privacy"), kept, self.words("page_export_about")]
        button = element("button", text(self.words("page_export")), type="submit")
        export = element("form", button, method="post", action=address("account", "export"))
        policy = element(
            "a", text(self.words("privacy_policy")), href=self.policy_url, rel="noopener noreferrer"
        )
        parts = [export, *([policy] if self.policy_url else [])]
        return "".join(
            (
                element("h3", text(self.words("privacy_title"))),
                *(element("p", text(line)) for line in lines),
                element("div", *parts, class_="mu-actions"),
            )
        )

    def _forget(self, report: UsageReport, styles: int) -> str:
        """Return the question whether to delete everything, folded, and the button in it."""
        unfinished = sum(
            number for status, number in report.counts.items() if not Status(status).final
        )
        asked = self.words(
            "page_forget_ask",
            orders=sum(report.counts.values()),
            unfinished=unfinished,
            styles=styles,
        )
        button = element(
            "button", text(self.words("forget_button")), type="button", data_account="forget"
        )
        return element(
            "details",
            element("summary", text(self.words("page_forget"))),
            element("p", text(asked)),
            element("div", button, class_="mu-actions"),
            class_="mu-forget",
        )
