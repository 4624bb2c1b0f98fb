"""Reading from a prompt whether something in the picture is to move, as in "the dog jumps"."""

from __future__ import annotations

from functools import lru_cache

from storage.domain.prompt.language import has_kana, is_other_language
from storage.domain.prompt.normal_form import normalized
from storage.domain.prompt.subject_motion import chinese, english


@lru_cache(1024)  # cards ask for it at each edit
def asks_subject_motion(prompt: str) -> bool:
    """Tell whether a prompt asks for more than a motion of the camera or of the whole picture.

    What only describes the picture, as in "running shoes on a shelf", asks for nothing. False where
    the prompt is in a language that is not read.
    """
    text = normalized(prompt)
    if is_other_language(text) or has_kana(text):
        return False
    return english.asks_subject_motion(text) or chinese.asks_subject_motion(text)
