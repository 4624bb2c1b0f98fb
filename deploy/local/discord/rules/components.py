"""Limits of message components: buttons, selects, layouts and modals."""

from collections.abc import Callable, Iterator

from deploy.local.discord import Json
from deploy.local.discord.rules.errors import (
    InvalidForm,
    check_length,
    check_max_length,
    check_range,
    required,
)

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SELECTS = frozenset({STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT})
DEFAULT_TYPES = {
    USER_SELECT: ("user",),
    ROLE_SELECT: ("role",),
    MENTIONABLE_SELECT: ("user", "role"),
    CHANNEL_SELECT: ("channel",),
}
"""What may be chosen beforehand in a menu of each type."""
LAYOUT_TOP = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER})
MODAL_TOP = frozenset({ROW, TEXT, LABEL})
IN_MODAL_ROW = frozenset({TEXT_INPUT})
IN_LABEL = SELECTS | {TEXT_INPUT, UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX}
SEVERAL = SELECTS | {UPLOAD, CHECKBOX_GROUP}
"""The types of inputs with min_values and max_values."""
LINK, PREMIUM = 5, 6


def walk(components: list[Json], where: str = "components") -> Iterator[tuple[str, Json]]:
    """Yield every component with its path, parents before children."""
    for index, component in enumerate(components):
        path = f"{where}.{index}"
        yield path, component
        yield from walk(component.get("components") or [], f"{path}.components")
        for name in ("accessory", "component"):
            if component.get(name):
                yield f"{path}.{name}", component[name]


def check_components(components: list[Json], *, layout: bool) -> None:
    """Raise InvalidForm for a message's components that Discord refuses."""
    allowed = LAYOUT_TOP if layout else frozenset({ROW})
    for index, component in enumerate(components):
        _check_type(component, allowed, f"components.{index}")
    if not layout and len(components) > 5:
        check_length(components, "components", 1, 5)
    found = list(walk(components))
    if layout and len(found) > 40:
        raise InvalidForm(
            "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "Must be 40 or fewer."
        )
    if sum(len(entry.get("content") or "") for _, entry in found) > 4000:
        message = "The total length of all text must be 4000 or fewer."
        raise InvalidForm("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)
    for where, component in found:
        _check_one(component, where)
    check_custom_ids(found)


def check_custom_ids(found: list[tuple[str, Json]]) -> None:
    """Raise InvalidForm for a custom_id that is too long or used twice."""
    seen: set[str] = set()
    for where, component in found:
        custom_id = component.get("custom_id")
        if custom_id is None:
            continue
        check_length(custom_id, f"{where}.custom_id", 1, 100)
        if custom_id in seen:
            message = "Component custom id cannot be duplicated"
            raise InvalidForm(f"{where}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        seen.add(custom_id)


def check_modal(modal: Json) -> None:
    """Raise InvalidForm for a modal that Discord refuses."""
    check_length(modal.get("title"), "data.title", 1, 45)
    check_length(modal.get("custom_id"), "data.custom_id", 1, 100)
    components = modal.get("components") or []
    check_length(components, "data.components", 1, 5)
    for index, component in enumerate(components):
        where = f"data.components.{index}"
        _check_type(component, MODAL_TOP, where)
        for place, field in enumerate(component.get("components") or []):
            _check_type(field, IN_MODAL_ROW, f"{where}.components.{place}")
        if component.get("component"):
            _check_type(component["component"], IN_LABEL, f"{where}.component")
    found = list(walk(components, "data.components"))
    for where, component in found:
        _check_one(component, where)
        _check_field(component, where)
    check_custom_ids(found)


def _check_field(field: Json, where: str) -> None:
    """Raise InvalidForm for an input of a modal that is disabled or counts wrongly."""
    if field.get("disabled"):
        message = "A component of a modal cannot be disabled"
        raise InvalidForm(f"{where}.disabled", "COMPONENT_DISABLED_IN_MODAL", message)
    if field["type"] not in SEVERAL:
        return
    most = 10 if field["type"] in (UPLOAD, CHECKBOX_GROUP) else 25
    low, high = field.get("min_values"), field.get("max_values")
    check_range(1 if low is None else low, f"{where}.min_values", 0, most)
    check_range(1 if high is None else high, f"{where}.max_values", 1, most)
    if low is not None and high is not None and low > high:
        message = "min_values must not exceed max_values"
        raise InvalidForm(f"{where}.min_values", "COMPONENT_VALUES_RANGE", message)
    if low == 0 and field.get("required", True):
        message = "min_values must be at least 1 where the component is required"
        raise InvalidForm(f"{where}.min_values", "COMPONENT_REQUIRED_MIN_VALUES", message)


def _check_type(component: Json, allowed: frozenset[int], where: str) -> None:
    if component.get("type") not in allowed:
        message = f'Value of field "type" must be one of {tuple(sorted(allowed))}.'
        raise InvalidForm(f"{where}.type", "UNION_TYPE_CHOICES", message)


def _check_one(component: Json, where: str) -> None:
    check = CHECKS.get(component["type"])
    if check:
        check(component, where)


def _check_row(row: Json, where: str) -> None:
    kinds = [entry["type"] for entry in row.get("components") or []]
    most = 5 if set(kinds) <= {BUTTON} else 1
    check_length(kinds, f"{where}.components", 1, most)


def _check_button(button: Json, where: str) -> None:
    check_max_length(button.get("label"), f"{where}.label", 80)
    if button.get("style") == PREMIUM:
        return
    if not (button.get("label") or button.get("emoji")):
        raise required(f"{where}.label")
    link = button.get("style") == LINK
    wanted, unwanted = ("url", "custom_id") if link else ("custom_id", "url")
    if not button.get(wanted):
        raise required(f"{where}.{wanted}")
    if button.get(unwanted):
        message = "A custom id and url cannot both be specified"
        raise InvalidForm(where, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", message)


def _check_select(select: Json, where: str) -> None:
    if not select.get("custom_id"):
        raise required(f"{where}.custom_id")
    check_max_length(select.get("placeholder"), f"{where}.placeholder", 150)
    if select["type"] != STRING_SELECT:
        _check_defaults(select, where)
        return
    options = select.get("options") or []
    check_length(options, f"{where}.options", 1, 25)
    for index, option in enumerate(options):
        for name in ("label", "value"):
            check_length(option.get(name), f"{where}.options.{index}.{name}", 1, 100)
    if len({option["value"] for option in options}) < len(options):
        message = "The specified option value is already used"
        raise InvalidForm(f"{where}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)


def _check_defaults(select: Json, where: str) -> None:
    """Raise InvalidForm for chosen people, roles or channels that the menu cannot hold."""
    low, high = select.get("min_values"), select.get("max_values")
    low, high = 1 if low is None else low, 1 if high is None else high
    check_range(low, f"{where}.min_values", 0, 25)
    check_range(high, f"{where}.max_values", 1, 25)
    chosen = select.get("default_values") or []
    if chosen and not low <= len(chosen) <= high:
        message = f"There must be {low} to {high} default values."
        raise InvalidForm(f"{where}.default_values", "SELECT_COMPONENT_DEFAULT_VALUES", message)
    for index, one in enumerate(chosen):
        if one.get("type") not in DEFAULT_TYPES[select["type"]]:
            place = f"{where}.default_values.{index}.type"
            raise InvalidForm(place, "BASE_TYPE_CHOICES", "A value of another type of menu.")


def _check_input(field: Json, where: str) -> None:
    if not field.get("custom_id"):
        raise required(f"{where}.custom_id")
    if field.get("style") not in (1, 2):
        raise InvalidForm(f"{where}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
    check_max_length(field.get("placeholder"), f"{where}.placeholder", 100)
    most = field.get("max_length") or 4000
    if not 1 <= most <= 4000:
        raise InvalidForm(f"{where}.max_length", "NUMBER_TYPE_MAX", "Must be between 1 and 4000.")
    check_max_length(field.get("value"), f"{where}.value", most)
    low = field.get("min_length") or 0
    check_range(low, f"{where}.min_length", 0, most)
    if field.get("label") is not None:
        check_length(field["label"], f"{where}.label", 1, 45)


def _check_label(label: Json, where: str) -> None:
    check_length(label.get("label"), f"{where}.label", 1, 45)
    check_max_length(label.get("description"), f"{where}.description", 100)
    if not label.get("component"):
        raise required(f"{where}.component")
    _check_one(label["component"], f"{where}.component")


def _check_gallery(gallery: Json, where: str) -> None:
    items = gallery.get("items") or []
    check_length(items, f"{where}.items", 1, 10)
    for index, item in enumerate(items):
        check_max_length(item.get("description"), f"{where}.items.{index}.description", 1024)


def _check_section(section: Json, where: str) -> None:
    check_length(section.get("components"), f"{where}.components", 1, 3)
    if not section.get("accessory"):
        raise required(f"{where}.accessory")


def _check_text(text: Json, where: str) -> None:
    if not text.get("content"):
        raise required(f"{where}.content")


CHECKS: dict[int, Callable[[Json, str], None]] = {
    ROW: _check_row,
    BUTTON: _check_button,
    TEXT_INPUT: _check_input,
    LABEL: _check_label,
    GALLERY: _check_gallery,
    SECTION: _check_section,
    TEXT: _check_text,
    **dict.fromkeys(SELECTS, _check_select),
}
