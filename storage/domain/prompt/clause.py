"""Split an English text into clauses of tokens, with typos corrected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import zip_longest

from storage.domain.prompt.lexicon import DIRECTIONS, FORMS, LONG_WORDS, NEGATORS, TYPOS, words

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[^\sa-z']")
_OFF = re.compile(
    r"\b([a-z]+)(?: ?[:=] ?(?:no|none|off)\b| (?:is|are) (?:forbidden|disabled|off)\b)"
)
"""A list of settings, as in "zoom: no, tilt is forbidden"."""
_JOINERS = words("and then while as but with whereas before after when until plus or nor")
_STOPS = frozenset(",.;:!?()[]{}|/\u2014\u2013\u2026\u3001\u3002\uff0c\uff1b+&>")
_ENDS = frozenset(".;!?\u3002\uff1b")
_LONGEST = 64
"""How many words a clause has at most, so that a text without stops is read in linear time."""
_RETURNS = words("just only instead")
_PHRASES = (
    ("close up", "closeup"),
    ("negative prompt", "avoid"),
    ("counter clock wise", "counterclockwise"),
    ("counter clockwise", "counterclockwise"),
    ("anti clockwise", "anticlockwise"),
    ("clock wise", "clockwise"),
    ("in place ", "fixed "),
    ("bigger picture", "wider view"),
    ("against the clock ", "counterclockwise "),
    ("like a clock ", "clockwise "),
    ("backing up", "retreating"),
    ("backs up", "retreats"),
    ("back up", "retreat"),
    ("backs away", "retreats"),
    ("backing away", "retreating"),
    ("back away", "retreat"),
    ("backs off", "retreats"),
    ("back off", "retreat"),
    ("closing in", "approaching"),
    ("closes in", "approaches"),
    ("close in", "approach"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, its character position, and the verb and form that it may be."""

    position: int
    word: str
    verb: str | None
    form: str


@dataclass(frozen=True)
class Clause:
    """The tokens between two joiners, and the joiner before them ("" at the start)."""

    joiner: str
    tokens: tuple[Token, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Return the words of the tokens."""
        return tuple(token.word for token in self.tokens)

    def negated(self, index: int) -> bool:
        """Tell whether a negator stands before the word at an index."""
        before = self.words[:index]
        last = max((at for at in range(len(before)) if self._is_negator(at)), default=None)
        return last is not None and _RETURNS.isdisjoint(before[last + 1 :])

    @property
    def negates(self) -> bool:
        """Tell whether a negation is in force at the clause's end."""
        return self.negated(len(self.tokens))

    def _is_negator(self, index: int) -> bool:
        """Tell whether the word at an index rules out what follows; "instead" alone does not."""
        needed = {"instead": ("of",), "rather": ("than",)}.get(self.words[index])
        following = self.words[index + 1 : index + 2]
        return self.words[index] in NEGATORS and needed in (None, following)


def clauses(text: str) -> list[Clause]:
    """Return the clauses of a lower-case text; words of other scripts are left as they are."""
    found: list[Clause] = []
    joiner, tokens = "", list[Token]()
    stream = _tokens(text)
    for token, following in zip_longest(stream, stream[1:]):
        inner = tokens and following is not None and _joins_manners(token.word, following.word)
        if inner or (token.word not in _STOPS and token.word not in _JOINERS):
            if len(tokens) == _LONGEST:
                found.append(Clause(joiner, tuple(tokens)))
                joiner, tokens = "", []
            tokens.append(token)
            continue
        if tokens:
            found.append(Clause(joiner, tuple(tokens)))
            tokens = []
            joiner = ""
        joiner = _stronger(joiner, token.word)
    return [*found, Clause(joiner, tuple(tokens))] if tokens else found


def _joins_manners(joiner: str, following: str) -> bool:
    """Tell whether a joiner stays within its clause: "slowly and smoothly", "with speed"."""
    manner = following in ("great", "high", "full", "speed", "ease", "care")
    return (joiner == "and" and following.endswith("ly")) or (joiner == "with" and manner)


def _stronger(joiner: str, word: str) -> str:
    """Return the stronger of two neighbouring joiners: "," then "and" is "and"; "." stays."""
    if word in _JOINERS:
        return "." if joiner == "." else word
    return "." if word in _ENDS or joiner == "." else ","


def _tokens(text: str) -> list[Token]:
    text = _OFF.sub(lambda match: f"no {match[1]}".ljust(len(match[0])), text)
    text = text.replace("\n", ",") + " "
    for phrase, word in _PHRASES:
        text = text.replace(phrase, word.ljust(len(phrase)))
    return [_token(match.start(), match.group()) for match in _WORD.finditer(text)]


def _token(position: int, word: str) -> Token:
    word = _corrected(word.removesuffix("'s"))
    verb, form = FORMS.get(word, (None, ""))
    return Token(position, word, verb, form)


@lru_cache(4096)
def _corrected(word: str) -> str:
    """Return the word without repeated letters, or with one typo of a long word corrected."""
    word = TYPOS.get(word, word)
    if word in FORMS or word in DIRECTIONS:
        return word
    short = re.sub(r"(.)\1{2,}", r"\1\1", word)
    for guess in (short, re.sub(r"(.)\1", r"\1", short)):
        if guess != word and (guess in FORMS or guess in DIRECTIONS or guess in LONG_WORDS):
            return guess
    if len(word) < 5 or len(word) > 20:
        return word
    return next((target for target in LONG_WORDS if _is_one_typo_away(word, target)), word)


def _is_one_typo_away(word: str, target: str) -> bool:
    """Tell whether one letter added, lost, changed or swapped makes the target of the word."""
    if word[0] != target[0] or abs(len(word) - len(target)) > 1 or word == target:
        return False
    start = 0
    while start < min(len(word), len(target)) and word[start] == target[start]:
        start += 1
    left, right = word[start:], target[start:]
    swapped = left[:2][::-1] == right[:2] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]
