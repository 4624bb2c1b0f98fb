"""Whether a text is about the camera alone, or names something that can be drawn."""

from __future__ import annotations

import re

from storage.domain.prompt import chinese
from storage.domain.prompt.chinese_rules import PATTERNS
from storage.domain.prompt.clause import Clause, clauses
from storage.domain.prompt.lexicon import (
    CAMERA,
    DIRECTIONS,
    FILLERS,
    NEGATORS,
    SHAKEN,
    SHAKY,
    STEADY,
    STILL,
    TARGETS,
    words,
)

_DRAWN = words("hand hands barrel light ground earth world scenery")
"""Words of the camera's vocabulary that more often name what there is to see."""
_LEADING = words("on over of to toward towards onto into across along past through around")
"""What leads from a motion to the thing that it goes to, or that is seen with it."""
_DETERMINERS = words("a an the this that my our")
_OTHER = words(
    "in at by up as for off past through onto into then while until before after with and or but "
    "ken burns shots top bottom center centre middle end viewing eye held x times seconds second s "
    "filmed recorded"
)
_VOCABULARY = (
    FILLERS
    | CAMERA
    | TARGETS
    | NEGATORS
    | DIRECTIONS.keys()
    | STILL
    | STEADY
    | SHAKY
    | SHAKEN
    | _LEADING
    | _OTHER
) - _DRAWN
_DEVICES = words("camera cam drone lens")
_PLACED = words("on in at by under near beside")

_HAN = re.compile(r"[\u4e00-\u9fff]")
_CHINESE = (
    *(pattern for _, pattern, _, _ in PATTERNS),
    re.compile(r"推拉摇移|推拉|摇移|缩放|运镜|升降|变焦|环绕|倾斜|转动|旋转|跟随|跟拍|拍摄"),
    re.compile(r"运动|移动|动作|效果|方式|任何|保持|[推拉摇移转]"),
    chinese.CAMERA,
    chinese.CONTENT,
    chinese.FILLERS,
)


def names_a_thing(text: str) -> bool:
    """Tell whether anything but camera words is in a normalized text, in English or Chinese."""
    if first_thing(text, led=False) < len(text):
        return True
    rest = chinese.simplified(text)
    for pattern in _CHINESE:
        rest = pattern.sub("", rest)
    return _HAN.search(rest) is not None


def first_thing(text: str, led: bool = True) -> int:
    """Return where the first English words of a normalized text begin that can be drawn.

    led takes only what the words before lead to, as in "pan over a city", with its article; the
    answer is the text's length where there is no such thing.
    """
    for clause in clauses(text):
        for index in range(len(clause.tokens)):
            if not _is_thing(clause, index):
                continue
            start = index
            while start and clause.words[start - 1] in _DETERMINERS:
                start -= 1
            if led and (start == 0 or clause.words[start - 1] not in _LEADING):
                return len(text)
            return clause.tokens[start].position
    return len(text)


def _is_thing(clause: Clause, index: int) -> bool:
    """Tell whether the word at an index is of something else than the camera and its motion."""
    token, before = clause.tokens[index], clause.words[:index]
    if not token.word[0].isalpha() or _HAN.match(token.word):
        return False
    if token.word in _DRAWN:
        return clause.words[index + 1 : index + 2] != ("held",)
    if token.word in _DEVICES and before[-1:] in (("a",), ("an",)):
        with_it = clause.joiner == "with" or before[-2:-1] in (("by",), ("from",))
        after = clause.words[index + 1 : index + 2]
        return not with_it and (not after or after[0] in _PLACED)
    if token.word in _VOCABULARY:
        return False
    if token.verb is None:
        return True
    nouns = before[-2:-1] if before and before[-1] in _DETERMINERS else before[-1:]
    return token.form in ("", "s") and bool(nouns) and nouns[0] in _LEADING - {"to"}
