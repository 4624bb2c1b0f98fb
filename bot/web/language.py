"""The language of a request, by what its browser prefers."""

from __future__ import annotations

from starlette.datastructures import Headers

from bot.i18n import Translations


def preferred(headers: Headers, texts: Translations) -> str:
    """Return the supported locale that the browser likes best; the default without any."""
    wanted: list[tuple[float, str]] = []
    for part in headers.get("accept-language", "").split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1.0), name))
        except ValueError:
            continue
    languages = {locale.partition("-")[0] for locale in texts.locales}
    for _, name in sorted(wanted, key=lambda one: one[0]):
        if name.partition("-")[0].lower() in languages:
            return texts.nearest(_region(name))
    return texts.default


def _region(name: str) -> str:
    """Return a locale's name as the translations write it; Hong Kong reads as Taiwan does."""
    language, _, region = name.partition("-")
    region = region.rpartition("-")[2] if region.lower() not in ("hant", "hans") else region
    if language.lower() == "zh" and region.lower() in ("tw", "hk", "mo", "hant"):
        return "zh-TW"
    return f"{language.lower()}-{region.upper()}" if region else language.lower()
