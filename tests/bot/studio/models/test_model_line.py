"""A form that was filled for one model may name another."""

from __future__ import annotations

from dataclasses import replace

from bot.studio.models.model_line import for_other_model, with_model_line
from bot.studio.option_table import MODEL
from bot.studio.parameter_lines import read_form_lines, write_form_lines
from tests.support.catalogue.admission import ADMISSION, CATALOGUE

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
