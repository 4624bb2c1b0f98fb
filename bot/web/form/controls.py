"""One control for each option of an order, by the option table alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bot.studio.option_table import MODEL, Option, Section, format_value
from bot.studio.options import Options, OptionValue
from bot.studio.orders.admission import Admission
from bot.web.markup import element, text
from bot.web.words import Words
from storage.domain.catalogue import Model
from storage.domain.errors import BadRequest

PROMPT = "prompt"
WIDEST_SLIDER = 200
"""A number with more values than this is typed."""


@dataclass(frozen=True, slots=True)
class OptionControl:
    """An option with its component, which has a value or none."""

    option: Option
    component: gr.components.Component


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls of a form, in the order of the table, and what a form says in one language."""

    words: Words
    shown: tuple[OptionControl, ...]

    @classmethod
    def build(cls, words: Words) -> Controls:
        """Create the components inside the block at hand, folded, section by section."""
        model, found = words.admission.catalogue.model(), []
        with gr.Accordion(words("page_settings"), open=False, elem_id="mu-settings"):
            for section in Section:
                options = [one for one in offered(words.admission) if one.section is section]
                if options:
                    gr.HTML(element("h2", text(words(f"section_{section.value}"))))
                found += [OptionControl(one, _component(one, model, words)) for one in options]
        return cls(words, tuple(found))

    @property
    def components(self) -> list[gr.components.Component]:
        """Return the components, in the order of their values."""
        return [one.component for one in self.shown]

    @property
    def model(self) -> gr.components.Component | None:
        """Return the control that chooses the model, where there is a choice."""
        found = (one.component for one in self.shown if one.option.name == MODEL)
        return next(found, None)

    def options(self, prompt: str, values: Sequence[Any], **fixed: OptionValue | None) -> Options:
        """Return what was filled in as options; empty values, and those of hidden ones, are none.

        Raise BadRequest where a model is unknown.
        """
        given = {
            one.option.name: value
            for one, value in zip(self.shown, values, strict=True)
            if value not in (None, "")
        }
        model = self.words.admission.catalogue.model(str(given.get(MODEL, "")))
        able = {one.option.name: one.option.is_for(model) for one in self.shown}
        read: dict[str, OptionValue | None] = {
            name: self._read(name, value) for name, value in given.items() if able[name]
        }
        return Options(prompt, **{**read, **fixed})

    def updates(self, options: Options) -> list[Any]:
        """Return the components filled with options; what these leave out is at its default."""
        catalogue = self.words.admission.catalogue
        model = catalogue.model(str(options.get(MODEL, "")))
        whole = {**self.words.admission.defaults(model.name), **options}
        return [self._update(one.option, model, whole.get(one.option.name)) for one in self.shown]

    def named(self, *names: str) -> list[gr.components.Component]:
        """Return the components of these options, as far as there are any."""
        found = {one.option.name: one.component for one in self.shown}
        return [found[name] for name in names if name in found]

    def filled_in(self, **values: str) -> list[Any]:
        """Return the components, some of them with a value and the others as they are."""
        return [
            gr.update(value=values[one.option.name]) if one.option.name in values else gr.skip()
            for one in self.shown
        ]

    def for_model(self, values: Sequence[Any]) -> list[Any]:
        """Return the components for the model that was chosen just now.

        What was filled in stays, as far as that model takes it.
        """
        given = dict(zip((one.option.name for one in self.shown), values, strict=True))
        model = self.words.admission.catalogue.model(str(given.get(MODEL) or ""))
        kept: dict[str, OptionValue] = {MODEL: model.name}
        for one in self.shown:
            name, value = one.option.name, given[one.option.name]
            if value not in (None, "") and self._is_kept(one.option, value, model):
                kept[name] = self._read(name, value)
        return self.updates(Options(**kept))

    def _is_kept(self, option: Option, value: Any, model: Model) -> bool:
        admission = self.words.admission
        choices = admission.choices(option, model)
        own = option.default is not None or option.bounds is not None or option.kind is str
        return option.is_for(model) and own and (not choices or value in choices)

    def _read(self, name: str, value: Any) -> OptionValue:
        option = next(one.option for one in self.shown if one.option.name == name)
        try:
            return option.parse(value)
        except (TypeError, ValueError) as error:
            raise BadRequest("request_line_value", line=f"{name}: {value}"[:80]) from error

    def _update(self, option: Option, model: Model, value: OptionValue | None) -> Any:
        if not option.is_for(model):
            return gr.update(visible="hidden", value=None)
        typed = value is None or isinstance(self._component_of(option), gr.Textbox)
        shown = value if not typed else "" if value is None else format_value(value)
        return gr.update(visible=True, value=shown, **_facts(option, model, self.words))

    def _component_of(self, option: Option) -> gr.components.Component:
        return next(one.component for one in self.shown if one.option is option)


def offered(admission: Admission) -> list[Option]:
    """Return the options that a person fills in beside the prompt."""
    several = len(admission.catalogue.models) > 1
    return [
        option
        for option in admission.table
        if option.on_page and option.name != PROMPT and (option.name != MODEL or several)
    ]


def _component(option: Option, model: Model, words: Words) -> gr.components.Component:
    """Return the component for an option, at its default for this model."""
    value = words.admission.defaults(model.name).get(option.name)
    facts = _facts(option, model, words)
    facts |= {"elem_id": f"option-{option.name}", "visible": option.is_for(model) or "hidden"}
    label = _label(option, words)
    if "choices" in facts:
        return gr.Dropdown(label=label, value=value, **facts)
    if "minimum" in facts:
        return gr.Slider(label=label, value=value, **facts)
    shown = "" if value is None else format_value(value)
    return gr.Textbox(label=label, value=shown, **facts)


def _facts(option: Option, model: Model, words: Words) -> dict[str, Any]:
    """Return what of a component depends on the model: its hint, choices and bounds."""
    admission = words.admission
    about = words(option.about_key, **admission.about(option, model))
    facts: dict[str, Any] = {"info": _about(about)}
    choices = admission.choices(option, model)
    if option.name == MODEL:
        choices = {name: name for name in admission.catalogue.models}
    if choices:
        facts["choices"] = [(words.label(label), value) for value, label in choices.items()]
        return facts
    bounds = admission.bounds(option, model)
    if bounds is not None and _fits_slider(option, admission):
        facts |= {"minimum": bounds.low, "maximum": bounds.high}
        facts["step"] = 1 if option.kind is int else 0.1
    elif option.kind is str:
        facts["max_length"] = option.max_length
    return facts


def _fits_slider(option: Option, admission: Admission) -> bool:
    """Tell whether a number has a usual value in every model, and few enough others.

    A slider always has a value; what may be left out is typed.
    """
    for model in admission.offering(option):
        bounds = admission.bounds(option, model)
        usual = admission.defaults(model.name).get(option.name)
        if usual is None or bounds is None or bounds.high - bounds.low > WIDEST_SLIDER:
            return False
    return True


def _about(text: str) -> str:
    """Return an option's description without sentences that name a chat's command."""
    sentences = re.split(r"(?<=\.)\s+|(?<=。)", text)
    return " ".join(one for one in sentences if not re.search(r"(?<!\w)/[a-z]", one)).strip()


def _label(option: Option, words: Words) -> str:
    """Return the option's name as a label: its first letter large, no underscores."""
    name = words(option.name_key).replace("_", " ")
    return name[:1].upper() + name[1:]
