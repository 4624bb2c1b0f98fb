"""Settings: what bot and workers share, read once from the environment.

DATABASE_URL, REDIS_URL, BLOB_URL, MODEL, MODEL_ROW, HARDWARE_PROFILE, DEFAULT_LOCALE,
GENERATION_FILE and MUTOSCOPE_HOME; see the README's table for their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from storage.catalogue_file import load_catalogue
from storage.domain.catalogue import Catalogue, Profile


class SettingsError(ValueError):
    """A setting is wrong; the message is for whoever runs the service."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are kept, which model is served, and on what hardware.

    model is the name, hub id or folder that MODEL gives; row is the catalogue row that bounds it,
    empty where it follows from the model. home is the folder below which the defaults lie.
    """

    home: Path
    database_url: str
    redis_url: str
    blob_url: str
    model: str = "embedded"
    row: str = ""
    profile: str = ""
    locale: str = "en"
    catalogue_path: Path | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; an empty variable counts as one that is not set."""
        home = Path(environ.get("MUTOSCOPE_HOME") or "var").resolve()
        path = environ.get("GENERATION_FILE")
        return cls(
            home=home,
            database_url=environ.get("DATABASE_URL") or f"sqlite+aiosqlite:///{home}/mutoscope.db",
            redis_url=environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0",
            blob_url=environ.get("BLOB_URL") or f"file://{home}/blobs",
            model=environ.get("MODEL") or "embedded",
            row=environ.get("MODEL_ROW") or "",
            profile=environ.get("HARDWARE_PROFILE") or "",
            locale=environ.get("DEFAULT_LOCALE") or "en",
            catalogue_path=Path(path).resolve() if path else None,
        )

    def catalogue(self) -> Catalogue:
        """Return the catalogue of what these workers serve: the one model, from its source."""
        whole = load_catalogue(self.catalogue_path)
        name = self._row_name(whole)
        row = replace(whole.models[name], source=self._source(whole, name))
        return replace(whole, default_model=name, models={name: row})

    def hardware(self, catalogue: Catalogue) -> Profile:
        """Return the hardware profile that bounds what may be asked."""
        name = self.profile or ("cpu" if catalogue.default_model == "embedded" else "rtx3060")
        if name not in catalogue.profiles:
            known = ", ".join(catalogue.profiles)
            raise SettingsError(f"HARDWARE_PROFILE={name} is not in the catalogue: {known}")
        return catalogue.profiles[name]

    def _row_name(self, catalogue: Catalogue) -> str:
        """Return the catalogue row for the model: its own, or I2VGen-XL's for any other source."""
        if self.row:
            if self.row not in catalogue.models:
                known = ", ".join(catalogue.models)
                raise SettingsError(f"MODEL_ROW={self.row} is not in the catalogue: {known}")
            return self.row
        for name, row in catalogue.models.items():
            if self.model in (name, row.source):
                return name
        if "/" not in self.model and not Path(self.model).is_dir():
            raise SettingsError(
                f"MODEL={self.model} is neither a catalogue row, a hub id nor a folder"
            )
        return "i2vgen-xl"

    def _source(self, catalogue: Catalogue, name: str) -> str:
        return catalogue.models[name].source if self.model == name else self.model
