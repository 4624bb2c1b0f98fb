"""The line of a form that names the model, where several can be ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.studio.admission import Admission
from bot.studio.option_table import LAST, MODEL
from bot.studio.options import OptionValue


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
    values: Mapping[str, OptionValue | None], admission: Admission, filled_for: str
) -> dict[str, OptionValue | None]:
    """Return the values of a form that was filled for one model, for the one that is now named.

    What was left at the first model's defaults takes the other's; anything else was chosen.
    """
    if values.get(MODEL) in (None, filled_for):
        return dict(values)
    left = admission.defaults(filled_for)
    return {
        name: None if name != MODEL and value == left.get(name) else value
        for name, value in values.items()
    }
