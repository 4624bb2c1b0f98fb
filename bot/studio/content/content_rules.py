"""The operator's rules of content, as the settings give them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from bot.studio.content.word_list import BadEntry, WordList
from storage.domain.text import printable
from storage.domain.trust.filter_level import FilterLevel
from storage.filter.content_checker import ContentChecker
from storage.settings import Settings, SettingsError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ContentRules:
    """What holds in every server.

    checker looks at pictures; None: nobody does. floor is the least strict level that a server
    may have, words what no prompt may have.
    """

    checker: ContentChecker | None = None
    floor: FilterLevel = FilterLevel.OFF
    words: WordList = field(default_factory=WordList)

    @classmethod
    def read(cls, settings: Settings) -> ContentRules:
        """Return the rules that the settings ask for; raise SettingsError."""
        words = _words(settings)
        if settings.filter == "off":
            return cls(words=words)
        checker = settings.content_checker()
        if checker is None:
            missing = f"{settings.filter_factory} is not installed (the extra `filter`)"
            if settings.filter != "auto":
                raise SettingsError(f"FILTER={settings.filter}: {missing}")
            log.warning("pictures and clips are not looked at: %s", missing)
            return cls(words=words)
        chosen = settings.filter in list(FilterLevel)
        floor = FilterLevel(settings.filter) if chosen else FilterLevel.OFF
        return cls(checker, floor, words)

    def close(self) -> None:
        """End the process that looks at pictures."""
        if self.checker is not None:
            self.checker.close()


def _words(settings: Settings) -> WordList:
    """Return the operator's words; raise SettingsError."""
    file = settings.words_file
    if file is None:
        return WordList()
    try:
        return WordList.read(file.read_text("utf-8-sig").splitlines())
    except BadEntry as error:
        raise SettingsError(f"WORDS_FILE={printable(file)}: {error}") from error
    except UnicodeError as error:
        raise SettingsError(f"WORDS_FILE={printable(file)}: it is not in UTF-8") from error
    except OSError as error:
        raise SettingsError(f"WORDS_FILE={printable(file)}: {error.strerror}") from error
