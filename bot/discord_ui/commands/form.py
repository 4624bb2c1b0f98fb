"""The modal that holds an order's options, and reading what was submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from bot.discord_ui.commands import picture_selection
from bot.i18n import Translations
from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.models.model_line import PROMPT, for_other_model, with_model_line, with_prompt_line
from bot.studio.option_table import LAST, MODEL, STORY, Option
from bot.studio.options import Options, OptionValue
from bot.studio.orders.admission import Admission
from bot.studio.parameter_lines import ranked, read_form_lines, split_lines, write_form_lines
from bot.studio.privacy.private_orders import PRIVATE
from storage.domain.request import PROMPT_LIMIT

LIFETIME = 15 * 60.0  # seconds for which Discord accepts what is submitted
LINES_LIMIT = 1000  # characters
LINES_ID = "numbers"
UPLOAD_ID = "picture"
PIXELS = "size"
"""The line of a clip's details that says what the resolution came to; it may be pasted."""


class Form(discord.ui.Modal):
    """The options that have an input of their own, and one input with the others as lines.

    What is submitted comes to the client by the form's custom_id, not to this object, so that a
    form which was open during a restart works too.
    """

    def __init__(
        self,
        *,
        title: str,
        custom_id: str,
        options: Options,
        admission: Admission,
        texts: Translations,
        locale: str,
        first_line: str = "",
        upload: str = "",
        upload_required: bool = True,
    ) -> None:
        """Fill the form; first_line goes before the lines of the options.

        upload is the message key of the label of an input for a picture, empty for none.
        """
        super().__init__(title=title[:45], custom_id=custom_id, timeout=LIFETIME)
        self._texts = texts
        self._locale = locale
        admission = with_model_line(admission)
        model = admission.catalogue.model(str(options[MODEL]))
        table = admission.options_for(model.name)
        for option in ranked(table, lambda option: option.form_field):
            value = options.get(option.name)
            choices = admission.choices(option, model)
            required = option.required and admission.is_for_all(option)
            text = _text_input(option, value, required)
            item = self._select(option, choices, value) if choices else text
            several = option.name == PROMPT and bool(options.get(STORY))
            self._add("prompts" if several else option.name, item)
        lines = f"{first_line}\n{write_form_lines(table, options)}".strip()
        self._add(
            LINES_ID,
            discord.ui.TextInput(
                custom_id=LINES_ID,
                style=discord.TextStyle.paragraph,
                default=lines or None,
                max_length=LINES_LIMIT,
                required=False,
            ),
        )
        if upload:
            picture: discord.ui.FileUpload[Any] = discord.ui.FileUpload(
                custom_id=UPLOAD_ID, required=upload_required
            )
            self.add_item(discord.ui.Label(text=self._text(upload)[:45], component=picture))

    def fill(self, answers: Mapping[str, str]) -> None:
        """Show these answers by custom_id, as they were submitted before."""
        for label in self.children:
            field = label.component if isinstance(label, discord.ui.Label) else label
            if isinstance(field, discord.ui.TextInput):
                field.default = answers.get(field.custom_id) or None
            elif isinstance(field, discord.ui.Select) and answers.get(field.custom_id):
                for option in field.options:
                    option.default = option.value == answers[field.custom_id]

    def _add(self, name: str, item: discord.ui.Item[Any]) -> None:
        self.add_item(discord.ui.Label(text=self._text(f"form_{name}")[:45], component=item))

    def _select(
        self, option: Option, choices: Mapping[str, str], chosen: OptionValue | None
    ) -> discord.ui.Select[Any]:
        items = [
            discord.SelectOption(
                label=self._texts.label(self._locale, label),
                value=value,
                default=value == chosen,
            )
            for value, label in choices.items()
        ]
        return discord.ui.Select(custom_id=_id(option), options=items, required=False)

    def _text(self, key: str) -> str:
        return self._texts.text(self._locale, key)


def read_form(
    interaction: discord.Interaction[Any],
    admission: Admission,
    base: Options,
    draws: bool = False,
) -> Options:
    """Return the options that a submitted form asks for; raise BadRequest.

    base has the values of options that are not in the form or were not chosen, and the model that
    the form was filled for, where that is not the default one. draws tells whether the picture is
    made from the prompt first.
    """
    answers, admission = read_answers(interaction), with_model_line(admission)
    admission = with_prompt_line(admission, shown=PROMPT in answers)
    lines = read_form_lines(
        admission.table, answers.get(LINES_ID, ""), ignored=[picture_selection.NAME, PIXELS]
    )
    values: dict[str, OptionValue | None] = {}
    for option in admission.table:
        name, before = option.name, base.get(option.name)
        if option.form_line is not None:
            values[name] = lines.get(name)
        elif option.form_field is None:
            values[name] = before
        elif option.choices or option.offers:
            chosen = answers.get(_id(option)) or before
            values[name] = None if chosen is None else option.parse(chosen)
        else:
            values[name] = answers.get(_id(option))
    if values["camera"] != base.get("camera") and values["path"] == base.get("path"):
        values["path"] = None  # a motion was chosen instead of the path
    if read_line(interaction, END_PICTURE) == "":
        values[END_PICTURE] = None
    values[PRIVATE] = values.get(PRIVATE) or base.get(PRIVATE)  # no public clip by a lost line
    filled_for = base.get(MODEL) or admission.catalogue.default_model
    values[MODEL] = values[MODEL] or base.get(MODEL)  # the line may have been deleted
    return Options(**for_other_model(values, admission, str(filled_for), draws))


def with_upload(admission: Admission) -> Admission:
    """Return an admission for a form with a picture: its last own input becomes a line.

    A form has five inputs at most.
    """
    last = ranked(admission.table, lambda option: option.form_field)[-1]
    line = replace(last, form_field=None, form_line=LAST, label="")
    table = tuple(line if option is last else option for option in admission.table)
    return replace(admission, table=table)


def read_line(interaction: discord.Interaction[Any], wanted: str) -> str | None:
    """Return the value of a line of a submitted form, None where there is no such line."""
    for name, value, _ in split_lines(read_answers(interaction).get(LINES_ID, "")):
        if name == wanted:
            return value
    return None


def read_upload(interaction: discord.Interaction[Any]) -> discord.Attachment | None:
    """Return the picture that was attached to a submitted form."""
    data: Mapping[str, Any] = interaction.data or {}
    chosen = read_answers(interaction).get(UPLOAD_ID, "")
    found = data.get("resolved", {}).get("attachments", {}).get(chosen)
    return None if found is None else discord.Attachment(data=found, state=interaction._state)


def _text_input(
    option: Option, value: OptionValue | None, required: bool
) -> discord.ui.TextInput[Any]:
    style = discord.TextStyle.paragraph if option.multiline else discord.TextStyle.short
    return discord.ui.TextInput(
        custom_id=_id(option),
        style=style,
        default=str(value) if value else None,
        max_length=PROMPT_LIMIT,
        required=required,
    )


def _id(option: Option) -> str:
    return option.custom_id or option.name


def read_answers(interaction: discord.Interaction[Any]) -> dict[str, str]:
    """Return what was filled in by custom_id; of a select its first value."""
    data: Mapping[str, Any] = interaction.data or {}
    found: dict[str, str] = {}
    for row in data.get("components", ()):
        for field in [row["component"]] if "component" in row else row.get("components", ()):
            values = field.get("values")
            value = values[0] if values else field.get("value")
            found[field.get("custom_id", "")] = value or ""
    return found
