"""The line of a form that names the model, where several can be ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.studio.option_table import LAST, MODEL, STORY, Option
from bot.studio.options import OptionValue
from bot.studio.orders.admission import Admission

PROMPT = "prompt"


def with_model_line(admission: Admission) -> Admission:
    """Return an admission whose forms have the line, where there is a choice."""
    if len(admission.catalogue.models) < 2:
        return admission
    table = tuple(
        replace(option, form_line=LAST) if option.name == MODEL else option
        for option in admission.table
    )
    return replace(admission, table=table)


def for_other_model(
    values: Mapping[str, OptionValue | None],
    admission: Admission,
    filled_for: str,
    draws: bool = False,
) -> dict[str, OptionValue | None]:
    """Return the values of a form that was filled for one model, for the one that is now named.

    What was left at the first model's defaults takes the other's; anything else was chosen. What
    the form shows no line for, and the prompt, are left out where the other cannot be given them:
    nobody could take them out of the form. A story stays one, and is refused. draws tells whether
    the picture is made from the prompt first, which then is kept.
    """
    if values.get(MODEL) in (None, filled_for):
        return dict(values)
    left = admission.defaults(filled_for)
    model = admission.catalogue.model(str(values[MODEL]))
    dropped = {
        option.name
        for option in admission.table
        if not option.is_for(model) and _is_hidden(option) and not values.get(STORY)
    }
    dropped -= {PROMPT} if draws else set()
    return {
        name: None if name in dropped or (name != MODEL and value == left.get(name)) else value
        for name, value in values.items()
    }


def with_prompt_line(admission: Admission, shown: bool) -> Admission:
    """Return an admission whose forms take the prompt as a line, where no input for it is shown.

    A form for a model that reads none may name another one that does.
    """
    if shown or not any(option.name == PROMPT for option in admission.table):
        return admission
    table = tuple(
        replace(option, form_field=None, form_line=LAST) if option.name == PROMPT else option
        for option in admission.table
    )
    return replace(admission, table=table)


def _is_hidden(option: Option) -> bool:
    """Tell whether a form has no line for an option that is no choice either."""
    return option.name == PROMPT or (option.form_field is None and option.form_line is None)
