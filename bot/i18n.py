"""Translations of message keys into the languages of the service."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from opencc import OpenCC

from storage.domain.errors import BadEndPicture, MutoscopeError

log = logging.getLogger(__name__)

FALLBACK = "en"
LOCALES = ("en", "zh-CN")
TAIWAN, SIMPLIFIED = "zh-TW", "zh-CN"
_TAIWAN_WORDS = {
    "引數": "參數",
    "釋出": "發佈",
    "許可權": "權限",
    "質量": "品質",
    "子區": "討論串",
    "工作程序": "工作程式",
    "畫素": "像素",
    "賬單": "帳單",
    "“": "「",
    "”": "」",
}
"""Where OpenCC's words are not those that Discord or people in Taiwan use."""
UNKNOWN = "internal_error"  # shown in place of a message that does not exist

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

# A value of one of these placeholders is translated by a key with this prefix.
_TRANSLATED = {"name": "name_", "status": "status_", "stage": "stage_"}
# A number of seconds for one of these placeholders is written as a duration.
_DURATIONS = {"resets_in"}
_UNITS = (
    ("time_hours", 3600, 2 * 3600),
    ("time_minutes", 60, 90),
    ("time_seconds", 1, 0),
)  # message key, seconds in one, seconds from which it is used


@dataclass(frozen=True, slots=True)
class Translations:
    """All messages by locale and key; `{name}` in a message is replaced by the value of that name.

    Messages are no format strings: values may come from anybody, and an attribute or an index of
    one must never be read.
    """

    locales: Mapping[str, Mapping[str, str]]
    default: str = FALLBACK

    @classmethod
    def load(cls, default: str = FALLBACK) -> Translations:
        """Return the messages in bot/locales; default is the locale for unsupported languages."""
        locales = _read_locales()
        return cls(locales, default if default in locales else FALLBACK)

    def nearest(self, locale: str) -> str:
        """Return the supported locale nearest to this one: itself, its language, or the default."""
        if locale in self.locales:
            return locale
        language = locale.partition("-")[0]
        for name in self.locales:
            if language and name.partition("-")[0] == language:
                return name
        return self.default

    def has(self, key: str) -> bool:
        """Tell whether a message has this key."""
        return key in self.locales[FALLBACK]

    def text(self, locale: str, key: str, /, **values: object) -> str:
        """Return a message with its placeholders filled; one without a value stays as it is.

        An unknown key, as another release may send it, gives the text of an internal error.
        """
        messages = self.locales[self.nearest(locale)]
        if key not in messages:
            log.error("there is no message %.60r", key)
            key = UNKNOWN

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            return self._fill(locale, name, values[name]) if name in values else found[0]

        return _PLACEHOLDER.sub(fill, messages[key])

    def label(self, locale: str, label: str) -> str:
        """Return the message of an own label; one that is no key, as `256p`, is shown as it is."""
        return self.text(locale, label) if self.has(label) else label

    def error(self, locale: str, error: MutoscopeError) -> str:
        """Return the message of an error."""
        text = self.text(locale, error.key, **error.parameters)
        if isinstance(error, BadEndPicture):
            return self.text(locale, "picture_of_end", reason=text)
        return text

    def duration(self, locale: str, seconds: float) -> str:
        """Return a duration in its largest fitting unit."""
        for key, unit, minimum in _UNITS:
            if seconds >= minimum:
                return self.text(locale, key, count=max(1, round(seconds / unit)))
        return self.text(locale, "time_seconds", count=1)

    def _fill(self, locale: str, name: str, value: object) -> str:
        if name in _DURATIONS and isinstance(value, int | float):
            return self.duration(locale, value)
        key = _TRANSLATED.get(name, "") + str(value)
        if name in _TRANSLATED and self.has(key):
            return self.text(locale, key)
        return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def _read_locales() -> Mapping[str, Mapping[str, str]]:
    """Read the JSON files, once in a process.

    The texts for Taiwan are the Chinese ones in traditional characters and local words.
    """
    folder = resources.files("bot") / "locales"
    locales = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in LOCALES
    }
    locales[TAIWAN] = _for_taiwan(locales[SIMPLIFIED])
    return MappingProxyType({name: MappingProxyType(texts) for name, texts in locales.items()})


def _for_taiwan(messages: Mapping[str, str]) -> dict[str, str]:
    convert = OpenCC("s2twp").convert
    found = {key: convert(text) for key, text in messages.items()}
    for word, better in _TAIWAN_WORDS.items():
        found = {key: text.replace(word, better) for key, text in found.items()}
    return found
