"""Settings: defaults that work, and mistakes that say what they are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from storage.catalogue_file import CatalogueError
from storage.domain.picture import TextToImage
from storage.settings import Settings, SettingsError
from tests.support.catalogue.admission import CATALOGUE_FILE


def test_nothing_set_gives_a_service_in_one_folder() -> None:
    settings = Settings.from_environment({})
    assert settings.mutoscope_home == Path("var").resolve()
    assert settings.database_url == f"sqlite+aiosqlite:///{settings.mutoscope_home}/mutoscope.db"
    assert settings.blob_url == f"file://{settings.mutoscope_home}/blobs"
    assert settings.redis_url == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUTOSCOPE_HOME", "/dev/null"),
        ("MODEL", "caf\udce9"),
        ("LOG_LEVEL", "a\nb"),
        ("MUTOSCOPE_HOME", "/dev/null/" + 300 * "a"),
    ],
)
def test_a_wrong_value_is_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}=") as error:
        Settings.from_environment({name: value})
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["MODEL", "MODEL_ROW", "GENERATION_FILE"])
@pytest.mark.parametrize("value", ["two\nlines", 5000 * "long"])
def test_what_leads_nowhere_is_one_line(name: str, value: str) -> None:
    settings = Settings.from_environment({name: value})
    with pytest.raises((SettingsError, CatalogueError)) as error:
        settings.hardware(settings.catalogue())
    assert str(error.value).isprintable()


def test_odd_letters_of_the_home_are_escaped_in_addresses(tmp_path: Path) -> None:
    home = tmp_path / "60% #?'\n\udce9"
    settings = Settings.from_environment({"MUTOSCOPE_HOME": str(home)})
    assert settings.mutoscope_home == home
    assert settings.blob_url == f"file://{tmp_path}/60%25%20%23%3F%27%0A%E9/blobs"


def test_the_home_moves_database_and_blobs(tmp_path: Path) -> None:
    settings = Settings.from_environment({"MUTOSCOPE_HOME": str(tmp_path), "REDIS_URL": ""})
    assert str(tmp_path) in settings.database_url
    assert str(tmp_path) in settings.blob_url


def test_nothing_is_read_behind_the_callers_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", "i2vgen-xl")
    assert Settings().model == Settings.from_environment({}).model == "embedded"
    assert Settings.from_environment({"model": "i2vgen-xl"}).model == "embedded"


def test_the_embedded_model_is_served_by_default() -> None:
    settings = Settings.from_environment({})
    catalogue = settings.catalogue()
    assert list(catalogue.models) == ["embedded"]
    assert catalogue.model().source == "embedded"
    assert settings.hardware(catalogue).name == "cpu"


@pytest.mark.parametrize("model", ["ali-vilab/i2vgen-xl", "i2vgen-xl"])
def test_the_full_model_is_served_by_its_name(model: str) -> None:
    settings = Settings.from_environment({"MODEL": model, "HARDWARE_PROFILE": "a100"})
    catalogue = settings.catalogue()
    assert catalogue.model().name == "i2vgen-xl"
    assert re.fullmatch(r"ali-vilab/i2vgen-xl@[0-9a-f]{40}", catalogue.model().source)
    assert settings.hardware(catalogue).name == "a100"


def test_another_revision_of_the_full_model_can_be_named() -> None:
    catalogue = Settings.from_environment({"MODEL": "ali-vilab/i2vgen-xl@main"}).catalogue()
    assert catalogue.model().name == "i2vgen-xl"
    assert catalogue.model().source == "ali-vilab/i2vgen-xl@main"


def test_a_folder_is_bounded_by_the_row_that_is_named(tmp_path: Path) -> None:
    environ = {"MODEL": str(tmp_path)}
    assert Settings.from_environment(environ).catalogue().model().name == "i2vgen-xl"
    environ["MODEL_ROW"] = "embedded"
    row = Settings.from_environment(environ).catalogue().model()
    assert (row.name, row.source) == ("embedded", str(tmp_path))


@pytest.mark.parametrize("environ", [{"MODEL": "embeded"}, {"MODEL_ROW": "none"}])
def test_an_unknown_model_is_named_in_the_error(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="MODEL"):
        Settings.from_environment(environ).catalogue()


def test_unknown_hardware_is_named_in_the_error() -> None:
    settings = Settings.from_environment({"HARDWARE_PROFILE": "abacus"})
    with pytest.raises(SettingsError, match="abacus"):
        settings.hardware(settings.catalogue())


def test_an_offer_that_is_not_in_the_price_list_is_named() -> None:
    settings = Settings.from_environment({"GPU_OFFER": "runpod-flex-25gb"})
    with pytest.raises(SettingsError, match="GPU_OFFER=runpod-flex-25gb is not one of: article"):
        settings.prices()
    assert "article" in Settings.from_environment({"GPU_OFFER": "article"}).prices().offers


def test_a_price_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = Settings.from_environment({"PRICES_FILE": str(tmp_path / "none.yaml")})
    with pytest.raises(SettingsError, match=r"none\.yaml cannot be read"):
        settings.prices()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("", ""),
        ("owner/depth-small@v2", "owner/depth-small@v2"),
        ("/srv/models/depth-small/", "depth-small"),
        ("~/depth", "depth"),
    ],
)
def test_every_model_that_is_offered_has_the_depth_model(source: str, name: str) -> None:
    settings = Settings.from_environment({"DEPTH_MODEL": source, "MODELS": "i2vgen-xl"})
    rows = settings.offered()[0].models.values()
    assert [row.depth_model for row in rows] == [name, name]
    request = settings.catalogue().model().request((64, 64), picture="0", prompt="x", seed=1)
    assert request.depth_model == name
    assert (request.fingerprint == replace(request, depth_model="").fingerprint) is (not name)


@pytest.mark.parametrize(
    ("model", "profile", "frames"),
    [
        ("embedded", "cpu", 32),
        ("i2vgen-xl", "rtx3060", 16),
        ("svd-xt", "rtx3060", 25),
        ("wan2.2-ti2v-5b", "rtx4090", 121),
    ],
)
def test_unset_hardware_is_the_smallest_that_makes_all_of_a_models_clips(
    model: str, profile: str, frames: int
) -> None:
    settings = Settings(model=model)
    found = settings.hardware(settings.catalogue())
    assert (found.name, found.frames) == (profile, frames)
    strong = Settings(model=model, hardware_profile="a100")
    assert strong.hardware(strong.catalogue()).name == "a100"


@pytest.mark.parametrize(
    ("model", "profile", "reason"),
    [
        ("wan2.2-ti2v-5b", "rtx3060", "the least has 400384 pixels, .* to 270336"),
        ("i2vgen-xl", "cpu", "the least has 258048 pixels, .* to 65536"),
        ("svd-xt", "cpu", "the least has 589824 pixels, .* to 65536"),
    ],
)
def test_hardware_that_can_make_none_of_a_models_clips_is_named(
    model: str, profile: str, reason: str
) -> None:
    alone = Settings(model=model, hardware_profile=profile)
    beside = Settings(models=f"{model}={profile}")
    for settings, variable in ((alone, "HARDWARE_PROFILE"), (beside, "MODELS")):
        message = f"^{variable}: {profile} makes no clip of {model}: {reason}$"
        with pytest.raises(SettingsError, match=message):
            settings.offered()


@pytest.mark.parametrize(
    ("limits", "profile", "reason"),
    [
        ("frames: [8, 32], fps: [4, 24], steps: [10, 100]", "a100", ""),
        ("frames: [8, 48], fps: [4, 24], steps: [10, 100]", "rtx3060", ""),
        ("frames: [18, 32], fps: [4, 24], steps: [10, 100]", "rtx3060", "18 frames, .* to 16"),
        ("frames: [8, 32], fps: [4, 24], steps: [41, 100]", "rtx3060", "41 steps, .* to 40"),
    ],
)
def test_hardware_must_make_a_models_frames_and_steps_too(
    tmp_path: Path, limits: str, profile: str, reason: str
) -> None:
    text = CATALOGUE_FILE.read_text("utf-8")
    usual = "frames: [8, 32], fps: [4, 24], steps: [10, 100]"
    defaults = "frames: 16, fps: 8, steps: 50"
    text = text.replace(usual, limits).replace(defaults, defaults.replace("16", "20"))
    file = tmp_path / "generation.yaml"
    file.write_text(text, "utf-8")
    settings = Settings(model="i2vgen-xl", hardware_profile=profile, generation_file=file)
    if not reason:
        assert settings.offered()[1]["i2vgen-xl"].name == profile
        return
    with pytest.raises(SettingsError, match=reason):
        settings.offered()


def test_only_a_model_with_a_camera_has_the_depth_model() -> None:
    settings = Settings(models="svd-xt i2vgen-xl", depth_model="owner/depth")
    rows = settings.offered()[0].models
    depths = {name: row.depth_model for name, row in rows.items()}
    assert depths == {"embedded": "owner/depth", "i2vgen-xl": "owner/depth", "svd-xt": ""}


@pytest.mark.parametrize(
    ("source", "name"),
    [("stabilityai/sd-turbo", "stabilityai/sd-turbo"), ("./models/turbo/", "turbo")],
)
def test_pictures_are_made_as_the_settings_say(source: str, name: str) -> None:
    assert Settings().text_to_image() is None
    settings = Settings.from_environment({"PICTURE_MODEL": source})
    assert settings.text_to_image() == TextToImage(name, 30, 7.0)
    given = {"PICTURE_MODEL": source, "PICTURE_STEPS": "1", "PICTURE_GUIDANCE": "0"}
    assert Settings.from_environment(given).text_to_image() == TextToImage(name, 1, 0.0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("PICTURE_MODEL", "nonsense"), ("PICTURE_MODEL", "a/b/c"), ("PICTURE_MODEL", ".")),
        *(("PICTURE_STEPS", "0"), ("PICTURE_STEPS", "many"), ("PICTURE_STEPS", "501")),
        *(("PICTURE_LANGUAGES", "fr"), ("PICTURE_LANGUAGES", "en, zh")),
        *(("PICTURE_GUIDANCE", "-1"), ("PICTURE_GUIDANCE", "nan"), ("PICTURE_GUIDANCE", "51")),
    ],
)
def test_a_wrong_setting_for_pictures_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}={text}: "):
        Settings.from_environment({name: text})
