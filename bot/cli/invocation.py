"""One invocation of `mutoscope`: its arguments, its settings, and the language of its messages."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.cli.arguments import read
from bot.i18n import Translations
from bot.service import check_urls, explain, read_admission
from bot.studio.option_table import MODEL
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from storage.domain.errors import MutoscopeError, Unavailable
from storage.settings import Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """What every command needs; environ is passed on to child processes."""

    arguments: argparse.Namespace
    environ: Mapping[str, str]
    settings: Settings
    admission: Admission
    texts: Translations
    locale: str

    @classmethod
    def read(cls, argv: Sequence[str] | None, environ: Mapping[str, str]) -> Self:
        """Read everything; raise SettingsError, CatalogueError, or SystemExit for wrong usage."""
        settings, texts = Settings.from_environment(environ), Translations.load()
        check_urls(settings)
        admission = read_admission(settings)
        arguments = read(argv, admission, texts)
        locale = arguments.locale or locale_of(environ)
        return cls(arguments, environ, settings, admission, texts, locale)

    def model_of(self, options: Options) -> str:
        """Return the model that options name, or else the default one."""
        named, catalogue = str(options.get(MODEL, "")), self.admission.catalogue
        return named if named in catalogue.models else catalogue.default_model

    def worker_environ(self, model: str) -> Mapping[str, str]:
        """Return the settings of a worker for a model."""
        if model == self.admission.catalogue.default_model:
            return self.environ
        # The others are those of the default model's workers.
        return {**self.environ, "MODEL": model, "MODEL_ROW": "", "HARDWARE_PROFILE": ""}

    def text(self, key: str, /, **gaps: object) -> str:
        """Return a message in the person's language."""
        return self.texts.text(self.locale, key, **gaps)

    def error(self, error: MutoscopeError) -> str:
        """Return the message of an error in the person's language, with the reason."""
        if isinstance(error, Unavailable) and (facts := explain(error, self.settings)):
            return self.text(f"operator_{error.key}", **facts)
        return self.texts.error(self.locale, error)


def locale_of(environ: Mapping[str, str]) -> str:
    """Return the terminal's language as a locale, en where none is set."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        language = environ.get(name, "").partition(".")[0].replace("_", "-")
        if language:
            return language if language not in ("C", "POSIX") else "en"
    return "en"
