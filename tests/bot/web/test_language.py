"""The page speaks the language that the browser likes best."""

import pytest
from starlette.datastructures import Headers

from bot.i18n import Translations
from bot.web.language import preferred


@pytest.mark.parametrize(
    ("accepted", "locale"),
    [
        ("", "en"),
        ("en-US,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-TW", "zh-TW"),
        ("zh-Hant-HK,en;q=0.5", "zh-TW"),
        ("zh-Hant", "zh-TW"),
        ("zh-Hans-CN", "zh-CN"),
        ("de,fr;q=0.9,zh-CN;q=0.3,en;q=0.2", "zh-CN"),
        ("de", "en"),
        ("en;q=0.2,zh;q=0.9", "zh-CN"),
        ("en;q=none,;q=,zh", "zh-CN"),
    ],
)
def test_the_best_liked_of_our_languages_is_taken(accepted: str, locale: str) -> None:
    assert preferred(Headers({"accept-language": accepted}), Translations.load()) == locale
