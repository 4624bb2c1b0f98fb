"""Parameters as lines of `name: value`, to be shown, copied and pasted into a form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from bot.studio.option_table import Option, format_value
from bot.studio.options import Options, OptionValue
from storage.domain.clip import Clip
from storage.domain.errors import BadRequest
from storage.domain.request import GenerationRequest


def write_details(
    table: Sequence[Option], request: GenerationRequest, clip: Clip | None = None
) -> str:
    """Return the lines of all parameters that make this clip again."""
    lines = (
        (option, option.detail_in(request, clip))
        for option in ranked(table, lambda option: option.detail_line)
    )
    return "\n".join(f"{option.label or option.name}: {text}" for option, text in lines if text)


def write_form_lines(table: Sequence[Option], options: Options) -> str:
    """Return the lines of the options that have no input of their own in a form."""
    lines = (
        (option.label or option.name, options.get(option.name))
        for option in ranked(table, lambda option: option.form_line)
    )
    return "\n".join(
        f"{name}: {format_value(value)}".rstrip() for name, value in lines if value is not None
    )


def read_form_lines(
    table: Sequence[Option], text: str, ignored: Collection[str] = ()
) -> dict[str, OptionValue]:
    """Return the values in the lines of a form by option name; raise BadRequest.

    Lines of other parameters that are shown with a clip are skipped, so that all of them may be
    pasted; so are lines with an ignored name.
    """
    readable = {option.label or option.name: option for option in table if option.form_line}
    skipped = {option.label or option.name for option in table if option.detail_line}
    found: dict[str, OptionValue] = {}
    for name, value, line in split_lines(text):
        option = readable.get(name)
        if option is None:
            if name in skipped or name in ignored:
                continue
            raise BadRequest("request_line_unknown", line=line[:80])
        found[option.name] = _parsed(option, value, line)
    return found


def _parsed(option: Option, value: str, line: str) -> OptionValue:
    try:
        return option.parse(value)
    except (ValueError, OverflowError) as error:
        raise BadRequest("request_line_value", line=line[:80]) from error


def read_parameters(table: Sequence[Option], text: str) -> dict[str, OptionValue]:
    """Return the values of `name: value` parts by option name; raise BadRequest.

    A name is an option's own or its label. A part begins where the name of an option follows, on
    the same line or on the next: Discord makes one line of what is pasted. Parameters that are
    shown with a clip and are no option of the command are skipped.
    """
    named = {
        name: option
        for option in table
        if option.in_command
        for name in (option.label, option.name)
    }
    named.pop("", None)  # the label of those that have none
    shown = {option.label or option.name for option in table if option.detail_line}
    names = "|".join(sorted(named.keys() | shown, key=len, reverse=True))
    parts = re.sub(rf"[\s,;，；]+(?=(?:{names})\s*[:=：])", "\n", f" {text}", flags=re.IGNORECASE)
    found: dict[str, OptionValue] = {}
    for name, value, line in split_lines(parts):
        option = named.get(name)
        if option is None:
            if name in shown:
                continue
            raise BadRequest("request_line_unknown", line=line[:80])
        found[option.name] = _parsed(option, value, line)
    return found


def split_lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name and the value of each line that is not empty, and the line itself."""
    for line in text.replace("：", ":").replace("=", ":").splitlines():
        if line.strip():
            name, _, value = line.partition(":")
            yield name.strip().lower(), value.strip(), line.strip()


def ranked(table: Sequence[Option], rank: Callable[[Option], int | None]) -> list[Option]:
    """Return the options that have a rank, in its order."""
    found = [(place, option) for option in table if (place := rank(option)) is not None]
    return [option for _, option in sorted(found, key=lambda pair: pair[0])]
