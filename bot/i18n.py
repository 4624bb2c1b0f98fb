"""Words: turns a message key and a locale into what a person reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from string import Formatter

from storage.domain.errors import MutoscopeError

FALLBACK = "en"
LOCALES = ("en", "zh-CN")

# A gap that holds one of our own names is filled with that name in the person's language.
_NAMED_GAPS = {"name": "name_", "status": "status_", "stage": "stage_"}
# A gap that holds seconds is filled with a length of time.
_SPANS = {"resets_in"}
_UNITS = (
    ("time_hours", 3600, 2 * 3600),
    ("time_minutes", 60, 90),
    ("time_seconds", 1, 0),
)  # message key, seconds in one, seconds from which it is used


@dataclass(frozen=True, slots=True)
class Words:
    """Every message of the service in every language that it speaks."""

    locales: Mapping[str, Mapping[str, str]]
    default: str = FALLBACK

    @classmethod
    def load(cls, default: str = FALLBACK) -> Words:
        """Read the message files that lie beside this one."""
        folder = resources.files("bot") / "locales"
        locales = {
            name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            for name in LOCALES
        }
        return cls(locales, default if default in locales else FALLBACK)

    def nearest(self, locale: str) -> str:
        """Return the language we speak that is nearest to a person's locale."""
        if locale in self.locales:
            return locale
        language = locale.partition("-")[0]
        for name in self.locales:
            if language and name.partition("-")[0] == language:
                return name
        return self.default

    def has(self, key: str) -> bool:
        """Tell whether the key has words at all."""
        return key in self.locales[FALLBACK]

    def text(self, locale: str, key: str, **gaps: object) -> str:
        """Return the words for a key with its gaps filled; the key itself where none are known."""
        template = self.locales[self.nearest(locale)].get(key, key)
        filled = {name: self._fill(locale, name, value) for name, value in gaps.items()}
        return Formatter().vformat(template, (), _Gaps(filled))

    def error(self, locale: str, error: MutoscopeError) -> str:
        """Return the words for an error."""
        return self.text(locale, error.key, **error.parameters)

    def span(self, locale: str, seconds: float) -> str:
        """Return a length of time in words."""
        for key, unit, from_ in _UNITS:
            if seconds >= from_:
                return self.text(locale, key, count=max(1, round(seconds / unit)))
        return self.text(locale, "time_seconds", count=1)

    def _fill(self, locale: str, name: str, value: object) -> object:
        if name in _SPANS and isinstance(value, int | float):
            return self.span(locale, value)
        own = _NAMED_GAPS.get(name, "") + str(value)
        if name in _NAMED_GAPS and self.has(own):
            return self.text(locale, own)
        return f"{value:g}" if isinstance(value, float) else value


class _Gaps(dict[str, object]):
    """Leaves a gap that nothing fills as it stands, so that a message never fails."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
