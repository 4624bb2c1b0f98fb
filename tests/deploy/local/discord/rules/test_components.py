"""Modals and menus that break one of Discord's rules are refused."""

import pytest

from deploy.local.discord import Json
from deploy.local.discord.rules.components import check_components, check_modal
from deploy.local.discord.rules.errors import InvalidForm

SELECT: Json = {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}]}
TEXT: Json = {"type": 4, "custom_id": "t", "style": 1}


def modal(*parts: Json) -> Json:
    components = [{"type": 18, "label": "Field", "component": part} for part in parts]
    return {"title": "T", "custom_id": "m", "components": components}


@pytest.mark.parametrize(
    "part",
    [
        SELECT,
        {**SELECT, "min_values": 0, "required": False},
        TEXT,
        {"type": 19, "custom_id": "u", "max_values": 10},
    ],
)
def test_a_modal_takes_selects_texts_and_uploads(part: Json) -> None:
    check_modal(modal(part))


@pytest.mark.parametrize(
    "part",
    [
        {**SELECT, "disabled": True},
        {**SELECT, "min_values": 0},
        {**SELECT, "min_values": 2, "max_values": 1},
        {**SELECT, "max_values": 26},
        {"type": 2, "style": 1, "label": "Go", "custom_id": "b"},
        {**TEXT, "min_length": 5, "max_length": 4},
        {"type": 19, "custom_id": "u", "max_values": 11},
    ],
)
def test_a_modal_that_breaks_a_rule_is_refused(part: Json) -> None:
    with pytest.raises(InvalidForm):
        check_modal(modal(part))


def test_a_modal_has_at_most_five_inputs_and_no_select_in_a_row() -> None:
    with pytest.raises(InvalidForm):
        check_modal(modal(*({**TEXT, "custom_id": str(number)} for number in range(6))))
    with pytest.raises(InvalidForm):
        check_modal({**modal(), "components": [{"type": 1, "components": [SELECT]}]})


ROLE: Json = {"id": "1", "type": "role"}


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"default_values": [ROLE]}, True),
        ({"default_values": [ROLE, ROLE]}, False),
        ({"default_values": [ROLE, ROLE], "max_values": 2}, True),
        ({"default_values": [{"id": "1", "type": "channel"}]}, False),
        ({"min_values": 0, "max_values": 25}, True),
        ({"max_values": 26}, False),
    ],
)
def test_a_menu_of_roles_holds_what_is_chosen_beforehand(fields: Json, fits: bool) -> None:
    rows = [{"type": 1, "components": [{"type": 6, "custom_id": "r", **fields}]}]
    if fits:
        check_components(rows, layout=False)
    else:
        with pytest.raises(InvalidForm):
            check_components(rows, layout=False)
