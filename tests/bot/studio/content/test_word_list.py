"""Words are found in whatever form they are written, and in no other words."""

from __future__ import annotations

import time

import pytest

from bot.studio.content.minors import is_of_minors
from bot.studio.content.word_list import BadEntry, WordList

WORDS = WordList.read(
    [
        "# what we do not want here",
        "",
        "ass",
        "Grüne Männchen",
        "赌博",
        "/colou?rs?/",
        r"/b[o0]{2}m/",
    ]
)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("an ass by the sea", "ass"),
        ("ASS, and more", "ass"),
        ("an \uff41\uff53\uff53", "ass"),
        ("an a\u200bss", "ass"),
        ("an a\u0301ss", "ass"),
        ("the_ass_walks", "ass"),
        ("zwei grüne männchen winken", "Grüne Männchen"),
        ("zwei GRU\u0308NE-MA\u0308NNCHEN", "Grüne Männchen"),
        ("他们在赌博吗", "赌博"),
        ("Colours of a coat", "/colou?rs?/"),
        ("B00M", r"/b[o0]{2}m/"),
        ("an \u0430ss", "ass"),
        ("an \u0391\u0455s", "ass"),
        ("\u0430\u0455\u0455 by the sea", "ass"),
        ("\u0391\u0455\u0455", "ass"),
        ("grass and a glass, a class of assassins", ""),
        ("grüne Wiesen, Männchen", ""),
        ("赌 博", ""),
        ("", ""),
    ],
)
def test_an_entry_is_found_as_whole_words_or_wherever_words_have_no_spaces(
    text: str, entry: str
) -> None:
    assert WORDS.find(text) == entry


PROMPTS = (
    *("рот, рука и ухо", "кот на окне, дождь", "РОТ И НОС, крупный план", "море, медленный наезд"),
    *("Сосна на ветру, камера вправо", "роса на траве утром", "ПОТОК ВОДЫ, ТОМ СТОИТ", "хор поёт"),
    *("красивая девушка танцует под дождём", "она и он, а сок на столе", "сор под горой"),
    *("ένα νησί στο Αιγαίο, αργή κίνηση", "ΚΑΙ ΤΟ ΝΕΡΟ ΤΡΕΧΕΙ", "ο ήλιος και η θάλασσα"),
    *("καράβι στο λιμάνι, ζουμ", "ΜΙΑ ΓΑΤΑ ΣΤΟ ΠΑΡΑΘΥΡΟ", "νέο χωριό στο βουνό"),
    *("一只猫在窗边，镜头拉近", "海边的日落，慢慢推近", "雨中的街道，霓虹灯", "高山流水，鸟瞰"),
    *("a cat at the window, zoom in", "waves by night, pan left", "a photo of α and β", "5 °C, Ω"),
    *("Москва is a city, a pot of tea", "the sign says РОТА"),
)


def test_no_prompt_of_another_language_is_taken_for_english() -> None:
    unwanted = "cop cock pot sex ass anal porn tits nude cum hoc tom xop pyka cok poca"
    words = WordList.read(unwanted.split())
    found = {text: words.find(text) for text in PROMPTS if words.find(text)}
    assert found == {"Москва is a city, a pot of tea": "pot"}
    assert not any(map(is_of_minors, PROMPTS))


def test_an_entry_in_russian_is_found_beside_any_word() -> None:
    words = WordList.read(["сок"])
    assert words.find("сок") == words.find("свежий сок") == "сок"
    assert words.find("a cok") == ""


def test_minors_are_found_in_letters_that_only_look_latin() -> None:
    assert is_of_minors("a сһіӏԁ, ѕех")


@pytest.mark.parametrize(
    "mark",
    [
        *"\ufe0f\U000e0100\u180b\u180f\u3164\uffa0\u115f\u17b4\u20d0\u0483\u1ab0\u1dc0\ufe20",
        *"\u2065\u302a\u0e31\u05b0\u0941\u00ad\u2060\u0001",
    ],
)
def test_nothing_invisible_between_letters_hides_an_entry(mark: str) -> None:
    assert WORDS.find(f"an a{mark}s{mark}s") == "ass"
    assert WORDS.find(f"赌{mark}博") == "赌博"
    assert is_of_minors(f"a ch{mark}ild, nu{mark}de")


@pytest.mark.parametrize(
    ("entry", "other"),
    [
        ("กิน", "กน"),  # Thai vowels are marks
        ("сосна", "cocha"),  # Russian, without a Latin letter
        ("か", "が"),
    ],
)
def test_what_makes_another_word_counts(entry: str, other: str) -> None:
    words = WordList.read([entry])
    assert words.find(f"a {entry} b") == entry
    assert words.find(f"a {other} b") == ""


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("/[/", "missing"),
        ("/(?<=a)b/", "perl"),
        ("/a{1000}{1000}/", "bad repetition"),
        ("/a*/", "every text"),
        ("...", "no letters"),
        ("x" * 201, "longer than 200"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_with_its_line(entry: str, reason: str) -> None:
    with pytest.raises(BadEntry, match=f"^line 2, .*{reason}"):
        WordList.read(["fine", entry])
    with pytest.raises(BadEntry, match="more than 10000"):
        WordList.read(["fine"] * 10_001)


def test_no_regular_entry_takes_long() -> None:
    words = WordList.read([r"/(a+)+\$/", r"/(a|aa)+b/", r"/(.*)*x/"])
    began = time.process_time()
    assert words.find("a" * 8000) == ""
    assert time.process_time() - began < 5.0
