"""Whether a prompt is in another language than those whose camera words are read.

By scripts, and by small words and camera words of the languages that share the Latin script; a few
words are too short for a statistical guess.
"""

from __future__ import annotations

import re
import unicodedata

from storage.domain.prompt.lexicon import words

_SCRIPT = re.compile(
    r"[\u0370-\u1cff\u1ea0-\u1eff\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff\uac00-\ud7af]"
)
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u30fc\u31f0-\u31ff]")
_WORD = re.compile(r"[^\W\d_]+")
_CAMERA = re.compile("kamer|cámar|câmer|caméra|telecamer")
_ENOUGH = 2  # one letter may be an emoticon's, one small word a name's

_ENGLISH = words(
    "the a an of and is are with in on at to from her his she he it its they their this that as "
    "while into for by up down out then very slowly camera left right please not no make"
)
_SMALL = words(
    "la el los las le les lo il gli der die das den dem des de du del della di da do dos em no na "
    "um uma un una une uno que con para per por pour par et e y o os ao ela ele elle mi tu su sa "
    "het een met op van door sin pas en ett och er und im am zu au aux si se ke di yang ve bir"
)
_CLEAR = words(
    "ein eine einen einer nach vom zum zur mit auf aus durch sich bitte langsam schnell wird nicht "
    "camara aparat paneo nada fais bajo sul sulla nel nella dal dalla alla zoomt zoomen zoome "
    "herauszoomen reinzoomen heranzoomen rauszoomen schwenk schwenkt heran heraus raus rein links "
    "rechts oben unten langzaam naar uit haz hacia sobre desde despacio lento lenta lentamente "
    "acercar acerca alejar aleja izquierda derecha arriba abajo fija esquerda direita cima baixo "
    "fora dentro devagar faz aproximar afastar para quieta avec dans sur vers doucement lentement "
    "arrière gauche droite haut bas panoramique indietro avanti fuori sinistra destra piano "
    "powoli yavaşça kiri kanan perlahan långsamt åt vänster höger"
)


def is_other_language(text: str) -> bool:
    """Tell whether a normalized text is, for its most part, in a language that is not read."""
    if len(_SCRIPT.findall(text)) >= _ENOUGH:
        return True
    found = set(_WORD.findall(text))
    clear = sum(word in _CLEAR or _CAMERA.match(word) is not None for word in found)
    small = len(found & _SMALL) + sum(map(_is_accented, found - _CLEAR - _SMALL))
    return 2 * clear + small >= max(_ENOUGH, len(found & _ENGLISH) + 1)


def is_foreign_script(text: str) -> bool:
    """Tell whether most letters of a text are in another script than the Latin one.

    A character of Chinese counts as a letter.
    """
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return 2 * latin < len(letters)


def has_kana(text: str) -> bool:
    """Tell whether a text is Japanese, whose characters mean other things than the Chinese ones."""
    return len(_KANA.findall(text)) >= _ENOUGH


def _is_accented(word: str) -> bool:
    """Tell whether a word has letters that English lacks."""
    return any(
        "\u00e0" <= letter <= "\u024f" and unicodedata.category(letter) == "Ll" for letter in word
    )
