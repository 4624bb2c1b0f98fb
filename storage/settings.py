"""What bot and workers read from the environment; each field is the variable of its name.

The README's table says what the variables mean. Settings are read once, in a `__main__`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, unquote

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from storage.catalogue_file import load_catalogue
from storage.domain.catalogue import HUB_ID, Catalogue, Model, Profile
from storage.domain.cost.offer import PriceList
from storage.domain.models.capability import Capability
from storage.domain.models.least_clip import least_clip
from storage.domain.models.served_model import ServedModel
from storage.domain.picture import TextToImage
from storage.domain.text import printable
from storage.filter.content_checker import OPEN_NSFW, ContentChecker, is_installed
from storage.prices_file import PricesError, load_prices

LANGUAGES = ("en", "zh")
"""The languages that a model's prompts may be in."""

LONGEST_SOURCE = 200
"""The most characters of a model's hub id or folder."""


def is_folder(path: str | Path) -> bool:
    """Tell whether a path leads to a folder; one that is too long or not a path leads nowhere."""
    try:
        return Path(path).expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):
        return False


def _full(path: str | Path) -> Path:
    """Return the full path; before pydantic's own check, which refuses bytes that are no UTF-8."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, or no current folder
        raise ValueError("it leads nowhere: a loop of links, or no current folder") from error


def _folder(path: Path) -> Path:
    """Return the path unless it, or what it should lie in, is a file."""
    for part in (path, *path.parents):
        if os.path.lexists(part):
            if not is_folder(part):
                raise ValueError(f"{printable(part)} is a file, where a folder is needed")
            break
    return path


def _escaped(url: str) -> str:
    """Return a URL whose undecodable bytes are percent-encoded."""
    return re.sub("[\udc80-\udcff]", lambda found: f"%{ord(found[0]) - 0xDC00:02X}", url)


def _path_in_url(path: Path) -> str:
    return quote(os.fsencode(path))


def _source(source: str) -> str:
    source = source.rstrip("/")
    is_path = source.startswith(("/", ".", "~"))
    if source and not (HUB_ID.fullmatch(source) or (is_path and Path(source).name)):
        raise ValueError("write a hub id OWNER/NAME, or a folder's path that begins with / . or ~")
    if len(source) > LONGEST_SOURCE:
        raise ValueError(f"it is longer than {LONGEST_SOURCE} characters")
    return source


def factory(name: str) -> str:
    """Return the name MODULE:FUNCTION as it is; raise ValueError for any other."""
    if not re.fullmatch(r"\w+(\.\w+)*:\w+", name):
        raise ValueError("write it as MODULE:FUNCTION")
    return name


def _languages(text: str) -> str:
    if not text.split() or not set(text.split()) <= set(LANGUAGES):
        raise ValueError(f"write one or several of {', '.join(LANGUAGES)}, with spaces between")
    return text


def _name_of(source: str) -> str:
    """Return by what name orders ask for a model: its hub id, or its folder's name."""
    return Path(source).name if source.startswith(("/", ".", "~")) else source


FullPath = Annotated[Path, BeforeValidator(_full)]
FolderPath = Annotated[FullPath, AfterValidator(_folder)]
Url = Annotated[str, BeforeValidator(_escaped), Field(repr=False)]
"""An address; it may hold a password, so errors do not show it."""
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=1e6)]


class SettingsError(ValueError):
    """A setting is wrong; the message is for whoever runs the service."""


class LogSettings(BaseSettings):
    """What is logged, and how; all that must be known before other settings may be wrong.

    otel_exporter_otlp_endpoint is where traces go, empty for none.
    """

    model_config = SettingsConfigDict(
        frozen=True, allow_inf_nan=False, str_strip_whitespace=True, validate_default=True
    )

    log_format: Literal["text", "json"] = "text"
    log_level: LogLevel = "INFO"
    otel_exporter_otlp_endpoint: str = ""

    @classmethod
    def settings_customise_sources(
        cls, *_: Any, **sources: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but what from_environment passes on."""
        return (sources["init_settings"],)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; an empty variable counts as not set. Raise SettingsError."""
        source = EnvSettingsSource(cls)
        given = {name: text for name, text in environ.items() if text.strip()}
        source.env_vars = {name.lower(): text for name, text in given.items() if name.isupper()}
        try:
            return cls(**source())
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            field = str(fault["loc"][0])
            name, facts = field.upper(), cls.model_fields[field]
            if name not in given:
                reason = f"is not set; {facts.description}"
                raise SettingsError(f"{name} {reason}") from None
            # Whatever may hold a secret is not shown.
            value = f"={printable(given[name])}" if facts.repr else ""
            reason = fault["msg"].removeprefix("Value error, ")
            if fault["type"] == "string_unicode":
                reason = "it is not written in UTF-8"
            raise SettingsError(f"{name}{value}: {reason}") from None


class Settings(LogSettings):
    """Where things are kept, which model is served, and on what hardware.

    model is the name, hub id or folder of the model; model_row is the catalogue row that bounds
    it, empty where it follows from the model. depth_model is the hub id or folder of a depth
    estimator, empty for none. picture_model is that of a text-to-image pipeline, empty for none;
    its pictures are made with so many steps and so much guidance, from prompts in picture_languages
    (en, zh, with spaces between). models are further catalogue rows
    that can be ordered, as NAME or NAME=PROFILE of their workers' hardware, with spaces between.
    styles_dir is the folder of the styles that everybody may use.
    models_on_demand are those of them for whose orders workers are started, by name or source (a
    space in one is %20). gpu_offer is the row of the price list by which these workers are billed,
    empty for none. wait_limit is for how many seconds beyond a worker's start an order may wait
    before another worker is wanted. filter says whether the
    content filter looks at pictures and clips, and what is the least strict level anywhere:
    auto where it is installed, on at each server's own level. words_file has what prompts may not
    have. filter_factory makes the filter, as MODULE:FUNCTION.
    """

    mutoscope_home: FolderPath = Path("var")
    database_url: Url = Field(
        default_factory=lambda read: (
            f"sqlite+aiosqlite:///{_path_in_url(read['mutoscope_home'])}/mutoscope.db"
        )
    )
    redis_url: Url = "redis://127.0.0.1:6379/0"
    blob_url: Url = Field(
        default_factory=lambda read: f"file://{_path_in_url(read['mutoscope_home'])}/blobs"
    )
    model: str = "embedded"
    model_row: str = ""
    depth_model: Annotated[str, AfterValidator(_source)] = ""
    picture_model: Annotated[str, AfterValidator(_source)] = ""
    picture_steps: Annotated[int, Field(ge=1, le=500)] = 30
    picture_guidance: Annotated[float, Field(ge=0, le=50)] = 7.0
    picture_languages: Annotated[str, AfterValidator(_languages)] = "en"
    hardware_profile: str = ""
    models: str = ""
    models_on_demand: str = ""
    generation_file: FullPath | None = None
    prices_file: FullPath | None = None
    styles_dir: FolderPath | None = None
    gpu_offer: str = ""
    wait_limit: Seconds = 120.0
    filter: Literal["auto", "off", "on", "normal", "strict"] = "auto"
    words_file: FullPath | None = None
    filter_factory: Annotated[str, AfterValidator(factory)] = OPEN_NSFW

    def content_checker(self) -> ContentChecker | None:
        """Return the content filter; None where its package is not installed."""
        if not is_installed(self.filter_factory):
            return None
        return ContentChecker(self.filter_factory)

    def prices(self) -> PriceList:
        """Return the price list; raise SettingsError where it or gpu_offer is wrong."""
        try:
            prices = load_prices(self.prices_file)
        except PricesError as error:
            raise SettingsError(str(error)) from error
        if self.gpu_offer and self.gpu_offer not in prices.offers:
            known = ", ".join(prices.offers)
            raise SettingsError(f"GPU_OFFER={printable(self.gpu_offer)} is not one of: {known}")
        return prices

    def catalogue(self) -> Catalogue:
        """Return the catalogue of what these workers serve: the one model, from its source."""
        whole = load_catalogue(self.generation_file)
        name = self._row_name(whole)
        row = whole.models[name]
        source = row.source if self.model in (name, *row.sources) else self.model
        row = self._with_depth(replace(row, source=source))
        return replace(whole, default_model=name, models={name: row})

    def served(self) -> ServedModel:
        """Return what a worker with these settings serves."""
        row = self.catalogue().model()
        is_hub = HUB_ID.fullmatch(row.source) and not is_folder(row.source)
        source = row.source if is_hub else Path(row.source).name[:LONGEST_SOURCE]
        return ServedModel(row.name, source, row.revision)

    @property
    def depth_name(self) -> str:
        """Return by what name orders ask for the depth model."""
        return _name_of(self.depth_model)

    @property
    def picture_name(self) -> str:
        """Return by what name orders ask for the text-to-image model."""
        return _name_of(self.picture_model)

    def text_to_image(self) -> TextToImage | None:
        """Return how pictures are made from prompts, None where there is no model for it."""
        if not self.picture_model:
            return None
        return TextToImage(self.picture_name, self.picture_steps, self.picture_guidance)

    def hardware(self, catalogue: Catalogue) -> Profile:
        """Return the hardware profile that bounds what may be asked of the default model.

        Raise SettingsError where it is unknown, or can make none of the model's clips.
        """
        model = catalogue.model()
        name = self.hardware_profile or _usual_profile(catalogue, model)
        return _bounds(catalogue, model, name, "HARDWARE_PROFILE")

    def offered(self) -> tuple[Catalogue, dict[str, Profile]]:
        """Return the catalogue of all that can be ordered, and each model's hardware profile.

        Raise SettingsError where a model or profile is unknown, or cannot make any of its clips.
        """
        catalogue, whole = self.catalogue(), load_catalogue(self.generation_file)
        profiles = {catalogue.default_model: self.hardware(catalogue)}
        models = dict(catalogue.models)
        for text, _, profile in (item.partition("=") for item in self.models.split()):
            name = whole.name_of(text)
            if name is None:
                known = ", ".join(whole.models)
                raise SettingsError(f"MODELS={printable(text)} is not in the catalogue: {known}")
            row = self._with_depth(whole.models[name])
            models.setdefault(name, row)
            if profile or name not in profiles:
                chosen = profile or _usual_profile(whole, row)
                profiles[name] = _bounds(whole, row, chosen, "MODELS")
        return self._with_on_demand(replace(catalogue, models=models), whole), profiles

    def _with_on_demand(self, offered: Catalogue, whole: Catalogue) -> Catalogue:
        """Mark the rows for whose orders workers are started; raise SettingsError."""
        models = dict(offered.models)
        for text in map(unquote, self.models_on_demand.split()):
            name = offered.name_of(text) or whole.name_of(text)
            if name is None or name not in models:
                known = ", ".join(models)
                raise SettingsError(
                    f"MODELS_ON_DEMAND={printable(text)} cannot be ordered here; these can: {known}"
                )
            models[name] = replace(models[name], on_demand=True)
        return replace(offered, models=models)

    def _with_depth(self, row: Model) -> Model:
        """Return a row with the depth model, where the model's camera can be steered."""
        steered = Capability.CAMERA in row.capabilities
        return replace(row, depth_model=self.depth_name) if steered else row

    def _row_name(self, catalogue: Catalogue) -> str:
        """Return the catalogue row for the model: its own, or I2VGen-XL's for any other source."""
        if self.model_row:
            if self.model_row not in catalogue.models:
                known = ", ".join(catalogue.models)
                row = printable(self.model_row)
                raise SettingsError(f"MODEL_ROW={row} is not in the catalogue: {known}")
            return self.model_row
        name = catalogue.name_of(self.model)
        if name is not None:
            return name
        if "/" not in self.model and not is_folder(self.model):
            raise SettingsError(
                f"MODEL={printable(self.model)} is neither a catalogue row, a hub id nor a folder"
            )
        return "i2vgen-xl"


def _usual_profile(catalogue: Catalogue, model: Model) -> str:
    """Return the name of the hardware profile that a model has where none is set.

    It is the smallest GPU whose memory suffices for every clip of the model.
    """
    if model.name == "embedded":
        return "cpu"
    gpus = sorted(catalogue.profiles.values(), key=lambda profile: profile.memory_gib)
    enough = [gpu.name for gpu in gpus if 0 < gpu.memory_gib >= model.memory_gib]
    return enough[0] if enough else gpus[-1].name


def _bounds(catalogue: Catalogue, model: Model, name: str, variable: str) -> Profile:
    """Return what a hardware profile bounds for a model.

    Raise SettingsError, which names the variable, where there is no such profile, or where it can
    make none of the model's clips.
    """
    if name not in catalogue.profiles:
        known = ", ".join(catalogue.profiles)
        raise SettingsError(f"{variable}={printable(name)} is not in the catalogue: {known}")
    hardware = model.on(catalogue.profiles[name])
    for bound, least in least_clip(model).items():
        most = getattr(hardware, bound)
        if least > most:
            raise SettingsError(
                f"{variable}: {name} makes no clip of {model.name}: the least has {least} {bound},"
                f" the hardware bounds them to {most}"
            )
    return hardware
