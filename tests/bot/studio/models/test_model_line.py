"""A form that was filled for one model may name another."""

from __future__ import annotations

from dataclasses import replace

from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.models.model_line import for_other_model, with_model_line
from bot.studio.option_table import MODEL, STORY
from bot.studio.parameter_lines import read_form_lines, write_form_lines
from tests.support.catalogue.admission import ADMISSION, CATALOGUE
from tests.support.catalogue.model_rows import SILENT, with_rows

FULL = "i2vgen-xl"
BOTH = replace(ADMISSION, profiles={FULL: CATALOGUE.profiles["a100"]})
ONE = replace(CATALOGUE, models={"embedded": CATALOGUE.models["embedded"]})


def test_there_is_a_line_where_there_is_a_choice() -> None:
    table = with_model_line(BOTH).table
    text = write_form_lines(table, BOTH.defaults())
    assert text.splitlines()[-1] == "model: embedded"
    assert read_form_lines(table, text)[MODEL] == "embedded"
    alone = replace(BOTH, catalogue=ONE)
    assert with_model_line(alone) is alone


def test_what_was_left_at_a_models_defaults_takes_the_others() -> None:
    filled = BOTH.defaults("embedded").replace(prompt="waves", steps=30)
    found = for_other_model({**filled, MODEL: FULL}, BOTH, "embedded")
    chosen = {name: value for name, value in found.items() if value is not None}
    assert chosen == {"prompt": "waves", "steps": 30, MODEL: FULL}


def test_a_form_for_the_same_model_stays_as_it_is() -> None:
    filled = BOTH.defaults(FULL)
    assert for_other_model(filled, BOTH, FULL) == dict(filled)
    assert for_other_model({**filled, MODEL: None}, BOTH, "embedded") == {**filled, MODEL: None}


SILENT_TOO = replace(
    ADMISSION, catalogue=with_rows(SILENT), profiles={"silent": CATALOGUE.profiles["a100"]}
)


def test_what_no_line_shows_is_left_out_where_the_other_model_cannot_take_it() -> None:
    filled = {**BOTH.defaults(), "prompt": "waves", END_PICTURE: "e" * 64, "spoiler": 1}
    found = for_other_model({**filled, MODEL: "silent"}, SILENT_TOO, "embedded")
    chosen = {name: value for name, value in found.items() if value is not None}
    assert chosen == {"spoiler": 1, MODEL: "silent"}
    drawn = for_other_model({**filled, MODEL: "silent"}, SILENT_TOO, "embedded", draws=True)
    assert drawn["prompt"] == "waves"
    kept = for_other_model({**filled, MODEL: FULL}, SILENT_TOO, "embedded")
    assert (kept["prompt"], kept[END_PICTURE]) == ("waves", "e" * 64)


def test_what_a_line_shows_and_a_story_are_refused_instead() -> None:
    filled = {**BOTH.defaults(), "prompt": "waves", MODEL: "silent"}
    found = for_other_model({**filled, "path": "left, right"}, SILENT_TOO, "embedded")
    assert found["path"] == "left, right"
    told = for_other_model({**filled, STORY: 1}, SILENT_TOO, "embedded")
    assert (told["prompt"], told[STORY]) == ("waves", 1)
