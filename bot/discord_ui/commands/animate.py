"""Animate: the command that turns an attached picture into a clip."""

from __future__ import annotations

from typing import Annotated, Any

import discord
from discord import AppCommandOptionType, app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.place_order import place_order
from bot.i18n import Translations
from bot.studio.options import Options, bounds, resolutions
from storage.domain.camera.motion import Motion, Speed
from storage.domain.catalogue import Catalogue, Profile, Span
from storage.domain.clip import Container
from storage.domain.request import Preset


async def animate(
    interaction: Interaction,
    picture: discord.Attachment,
    prompt: str,
    *,
    picture_2: discord.Attachment | None = None,
    picture_3: discord.Attachment | None = None,
    picture_4: discord.Attachment | None = None,
    camera: str = Motion.AUTO.value,
    speed: str = Speed.NORMAL.value,
    strength: float = 1.0,
    path: str = "",
    resolution: str = "",
    frames: int | None = None,
    fps: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    negative_prompt: str = "",
    seed: int | None = None,
    preset: str = "",
    candidates: int = 1,
    container: str = Container.MP4.value,
) -> None:
    """Order a clip of each picture."""
    options = Options(
        prompt=prompt,
        negative_prompt=negative_prompt,
        resolution=resolution,
        frames=frames,
        fps=fps,
        steps=steps,
        guidance=guidance,
        seed=seed,
        preset=Preset(preset) if preset else None,
        motion=Motion(camera),
        speed=Speed(speed),
        strength=strength,
        path=path,
        candidates=candidates,
        container=Container(container),
    )
    given = (picture, picture_2, picture_3, picture_4)
    await place_order(interaction, [one for one in given if one is not None], options)


class Option(app_commands.Transformer):
    """One option's type, its bounds or its choices, as the catalogue has them."""

    def __init__(
        self,
        kind: AppCommandOptionType,
        span: Span | None = None,
        choices: list[app_commands.Choice[str]] | None = None,
    ) -> None:
        self._kind = kind
        self._span = span
        self._choices = choices

    @property
    def type(self) -> AppCommandOptionType:
        """The option's type."""
        return self._kind

    @property
    def min_value(self) -> int | float | None:
        """The least value that Discord lets through."""
        return self._bound(self._span.low) if self._span else None

    @property
    def max_value(self) -> int | float | None:
        """The greatest value that Discord lets through."""
        return self._bound(self._span.high) if self._span else None

    @property
    def choices(self) -> list[app_commands.Choice[Any]] | None:
        """The values to choose from."""
        return self._choices

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Any:  # noqa: ARG002
        """Return the value as it came; the studio judges it."""
        return value

    def _bound(self, value: float) -> int | float:
        return int(value) if self._kind is AppCommandOptionType.integer else value


def _annotations(catalogue: Catalogue, profile: Profile, texts: Translations) -> dict[str, Any]:
    """Return each option's type with its bounds and choices, for discord.py to read."""
    numbers = {"guidance": AppCommandOptionType.number, "strength": AppCommandOptionType.number}
    found: dict[str, Any] = {}
    for name, span in bounds(catalogue.model(), profile).items():
        kind = numbers.get(name, AppCommandOptionType.integer)
        found[name] = Annotated[float, Option(kind, span)] | None
    sizes = resolutions(catalogue.model(), profile).items()
    choices = {
        "camera": _choices("motion", Motion, texts),
        "speed": _choices("speed", Speed, texts),
        "preset": _choices("preset", Preset, texts),
        "container": _choices("container", Container, texts),
        "resolution": [app_commands.Choice(name=label, value=name) for name, label in sizes],
    }
    for name, listed in choices.items():
        found[name] = Annotated[str, Option(AppCommandOptionType.string, choices=listed)] | None
    return found


def _choices(
    family: str, values: type[Motion | Speed | Preset | Container], texts: Translations
) -> list[app_commands.Choice[str]]:
    return [
        app_commands.Choice(name=localized(texts, f"{family}_{value.value}"), value=value.value)
        for value in values
    ]


def _gaps(catalogue: Catalogue) -> dict[str, dict[str, object]]:
    """Return what fills the options' descriptions: ranges as generation.yaml recommends them."""
    model = catalogue.model()
    found: dict[str, dict[str, object]] = {
        name: {"low": span.low, "high": span.high}
        for name, span in (
            ("frames", model.recommended.frames),
            ("fps", model.recommended.fps),
            ("steps", model.recommended.steps),
            ("guidance", model.recommended.guidance),
        )
    }
    found["resolution"] = {"default": model.defaults.resolution}
    return found


def register(client: MutoscopeClient) -> None:
    """Add the command with the bounds and recommendations of this service's catalogue."""
    texts, catalogue = client.texts, client.studio.catalogue
    names = [name for name in animate.__annotations__ if name not in ("interaction", "return")]
    gaps = _gaps(catalogue)
    callback = app_commands.rename(**{name: localized(texts, f"option_{name}") for name in names})(
        app_commands.describe(
            **{
                name: localized(texts, f"option_{name}_about", **gaps.get(name, {}))
                for name in names
            }
        )(animate)
    )
    callback.__annotations__ |= _annotations(catalogue, client.studio.profile, texts)
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=localized(texts, "command_animate"),
        description=localized(texts, "command_animate_about"),
        callback=callback,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
    )
    client.tree.add_command(command)
