"""Each option of the table has its control; a new row needs nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from bot.i18n import Translations
from bot.service import read_admission
from bot.studio.option_table import OPTIONS, Option, Section
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from bot.web.form.controls import Controls, offered
from bot.web.words import Words
from storage.domain.errors import BadRequest
from storage.domain.models.ranges import Span
from storage.settings import Settings
from tests.support.catalogue.admission import ADMISSION
from tests.support.catalogue.model_rows import SILENT_YAML, with_yaml

TEXTS = {"option_grain": "grain", "option_grain_about": "Film grain", "name_grain": "“grain”"}
GRAIN = Option("grain", float, 0.0, Span(0.0, 1.0), section=Section.FINISH)


def controls(admission: Admission, **texts: str) -> Controls:
    known = Translations.load()
    more = Translations({"en": {**known.locales["en"], **texts}})
    with gr.Blocks(analytics_enabled=False):
        return Controls.build(Words(more, "en", admission))


def values(controls: Controls, **changed: object) -> list[object]:
    """Return what the browser sends, with some of it changed."""
    return [
        changed.get(one.option.name, getattr(one.component, "value", None))
        for one in controls.shown
    ]


async def test_a_new_row_in_the_table_is_a_control_on_the_page() -> None:
    admission = replace(read_admission(Settings()), table=(*OPTIONS, GRAIN))
    built = controls(admission, **TEXTS)
    [slider] = [one.component for one in built.shown if one.option is GRAIN]
    assert isinstance(slider, gr.Slider)
    assert (slider.label, slider.info, slider.value) == ("Grain", "Film grain", 0.0)
    assert (slider.minimum, slider.maximum) == (0.0, 1.0)
    options = built.options("waves", values(built, grain=0.25))
    assert options["grain"] == 0.25
    assert admission.admit(options, "", (1, 1), 0).extra == (("grain", 0.25),)


async def test_what_is_left_alone_asks_for_the_defaults() -> None:
    admission = read_admission(Settings())
    built = controls(admission)
    options = built.options("zoom in", values(built))
    left = admission.admit(Options("zoom in"), "", (1, 1), 7)
    assert admission.admit(options, "", (1, 1), 7) == left


async def test_recommended_ranges_stand_with_the_numbers_of_this_model() -> None:
    built = controls(read_admission(Settings()))
    info = {one.option.name: one.component.info for one in built.shown}
    assert info["steps"].endswith("(recommended: 4–8)")
    assert info["path"].endswith("“0 zoom 2; 0.5 zoom 1.3; 1 right 0.2 roll 5”")
    assert "/styles" not in info["style"]


async def test_a_number_that_cannot_be_read_is_refused_by_name() -> None:
    built = controls(read_admission(Settings()))
    with pytest.raises(BadRequest) as refused:
        built.options("zoom in", values(built, seed="seven"))
    assert refused.value.parameters == {"line": "seed: seven"}


async def test_a_clip_fills_every_control_and_asks_for_itself_again() -> None:
    admission = read_admission(Settings())
    built = controls(admission)
    wanted = Options("pan left", seed=9, steps=6, upscale="2", playback="loop", speed="slow")
    request = admission.admit(wanted, "", (1, 1), 0)
    filled = [one["value"] for one in built.updates(admission.options_of(request))]
    again = admission.admit(built.options("pan left", filled), "", (1, 1), 0)
    assert again == request


async def test_another_model_shows_what_it_takes_and_keeps_what_fits(tmp_path: Path) -> None:
    (tmp_path / "rows.yaml").write_text(with_yaml(SILENT_YAML), "utf-8")
    settings = Settings(models="silent", generation_file=tmp_path / "rows.yaml")
    built = controls(read_admission(settings))
    names = [one.option.name for one in built.shown]
    changed = dict(
        zip(names, built.for_model(values(built, model="silent", seed="5")), strict=True)
    )
    assert changed["camera"]["visible"] == "hidden"
    assert changed["seed"]["value"] == "5"
    options = built.options("", [one.get("value") for one in changed.values()])
    assert options["model"] == "silent"
    assert "camera" not in options


async def test_what_no_person_fills_in_has_no_control() -> None:
    names = {option.name for option in offered(read_admission(Settings()))}
    assert names.isdisjoint({"prompt", "spoiler", "story", "end_picture", "model"})
    assert {"camera", "path", "steps", "upscale"} <= names


def test_what_only_concerns_places_that_others_read_is_not_on_the_page() -> None:
    names = {option.name for option in offered(ADMISSION)}
    assert "seed" in names
    assert "private" not in names
