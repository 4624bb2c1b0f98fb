"""Form: a modal that holds a clip's parameters, and how its answers become options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import discord

from bot.discord_ui.commands import picture_selection as picks
from bot.i18n import Translations
from bot.studio.options import Options
from storage.domain.camera.motion import Motion, Speed
from storage.domain.clip import Container
from storage.domain.errors import BadRequest
from storage.domain.request import PROMPT_LIMIT, Preset

LIFE = 15 * 60.0  # seconds; what Discord gives the form's own token
LONGEST = 1000  # characters of parameter lines

_E = TypeVar("_E", bound=StrEnum)


class Form(discord.ui.Modal):
    """Prompt, negative prompt, camera, resolution, and the numbers one a line.

    What is sent comes to the client by the form's custom_id, not to this object, so that a form
    that was open during a restart is answered too.
    """

    def __init__(
        self,
        *,
        title: str,
        custom_id: str,
        options: Options,
        resolutions: Mapping[str, str],
        texts: Translations,
        locale: str,
        first: str = "",
    ) -> None:
        """Fill the form; first is a line that comes before the numbers."""
        super().__init__(title=title[:45], custom_id=custom_id, timeout=LIFE)
        self._texts = texts
        self._locale = locale
        long, short = discord.TextStyle.paragraph, discord.TextStyle.short
        self._ask("prompt", _text("prompt", options.prompt, long, PROMPT_LIMIT, required=True))
        self._ask(
            "negative_prompt", _text("negative", options.negative_prompt, short, PROMPT_LIMIT)
        )
        motions = {motion.value: self._say(f"motion_{motion.value}") for motion in Motion}
        self._ask("camera", _choice("camera", motions, options.motion.value))
        self._ask("resolution", _choice("resolution", resolutions, options.resolution))
        numbers = f"{first}\n{write_numbers(options)}".strip()
        self._ask("numbers", _text("numbers", numbers, long, LONGEST))

    def _ask(self, key: str, field: discord.ui.Item[Any]) -> None:
        self.add_item(discord.ui.Label(text=self._say(f"form_{key}")[:45], component=field))

    def _say(self, key: str) -> str:
        return self._texts.text(self._locale, key)


def _text(
    name: str, value: str, style: discord.TextStyle, limit: int, required: bool = False
) -> discord.ui.TextInput[Any]:
    return discord.ui.TextInput(
        custom_id=name,
        style=style,
        default=value or None,
        max_length=limit,
        required=required,
    )


def _choice(name: str, labels: Mapping[str, str], chosen: str) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(label=label, value=value, default=value == chosen)
        for value, label in labels.items()
    ]
    return discord.ui.Select(custom_id=name, options=options, required=False)


def write_numbers(options: Options) -> str:
    """Return the parameters that have no field of their own, one a line."""
    rows = {
        "seed": options.seed,
        "frames": options.frames,
        "fps": options.fps,
        "steps": options.steps,
        "guidance": options.guidance,
        "speed": options.speed.value,
        "strength": options.strength,
        "path": options.path,
        "preset": options.preset.value if options.preset else None,
        "candidates": options.candidates,
        "format": options.container.value,
    }
    return "\n".join(
        f"{name}: {value:g}" if isinstance(value, float) else f"{name}: {value}".rstrip()
        for name, value in rows.items()
        if value is not None
    )


def _one_of(kind: type[_E]) -> Callable[[str], _E]:
    return lambda text: kind(text.lower())


_READERS: dict[str, Callable[[str], Any]] = {
    "seed": int,
    "frames": int,
    "fps": int,
    "steps": int,
    "guidance": float,
    "speed": _one_of(Speed),
    "strength": float,
    "path": str,
    "preset": _one_of(Preset),
    "candidates": int,
    "format": _one_of(Container),
}


_ELSEWHERE = {"camera", "size", "negative", "model", picks.NAME}
"""Lines that have a field or a reader of their own, or follow from the picture."""


def read_numbers(text: str) -> dict[str, Any]:
    """Return what the lines say; a line left out means: as the catalogue says."""
    found: dict[str, Any] = {}
    for name, value, line in _lines(text):
        if name in _ELSEWHERE:
            continue
        reader = _READERS.get(name)
        if reader is None:
            raise BadRequest("request_line_unknown", line=line[:80])
        try:
            found[name] = reader(value)
        except ValueError as error:
            raise BadRequest("request_line_value", line=line[:80]) from error
    return found


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each line's name and value, and the line as it stands."""
    for line in text.replace("：", ":").replace("=", ":").splitlines():
        if line.strip():
            name, _, value = line.partition(":")
            yield name.strip().lower(), value.strip(), line.strip()


def read_pictures(interaction: discord.Interaction[Any]) -> str | None:
    """Return which pictures a sent form names, None where it does not say."""
    for name, value, _ in _lines(_answers(interaction).get("numbers", "")):
        if name == picks.NAME:
            return value
    return None


def read_form(interaction: discord.Interaction[Any], base: Options) -> Options:
    """Return the options that a sent form asks for; base fills what the form does not hold."""
    answers = _answers(interaction)
    motion = _one_of(Motion)(answers.get("camera") or base.motion.value)
    numbers = read_numbers(answers.get("numbers", ""))
    container = numbers.pop("format", Container.MP4)
    if motion is not base.motion and numbers.get("path") == base.path:
        del numbers["path"]  # a motion was chosen in its place
    return Options(
        prompt=answers.get("prompt", ""),
        negative_prompt=answers.get("negative", ""),
        model=base.model,
        resolution=answers.get("resolution") or base.resolution,
        motion=motion,
        container=container,
        **numbers,
    )


def _answers(interaction: discord.Interaction[Any]) -> dict[str, str]:
    """Return what was filled in, by the fields' ids; of a choice its first value."""
    data: Mapping[str, Any] = interaction.data or {}
    found: dict[str, str] = {}
    for row in data.get("components", ()):
        for field in [row["component"]] if "component" in row else row.get("components", ()):
            values = field.get("values")
            value = values[0] if values else field.get("value")
            found[field.get("custom_id", "")] = value or ""
    return found
