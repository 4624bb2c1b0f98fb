"""The table of all options of an order: their types, bounds and defaults, and where they are shown.

The slash command, the form, the command line, admission and the lists of parameters are all built
from this table. A new option is one row here and its texts in bot/locales: `option_NAME`,
`option_NAME_about`, `name_NAME` where it has bounds, and `KIND_VALUE` for each value of a choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.studio import camera_options as camera
from bot.studio.clips import finish_options as finish
from bot.studio.clips.end_picture import END_PICTURE, SHOWN
from bot.studio.options import Chooser, OptionValue
from bot.studio.privacy.private_orders import PRIVATE, Private
from storage.domain.camera.motion import Motion, Speed
from storage.domain.catalogue import Model, Profile
from storage.domain.clip import Clip, Container
from storage.domain.finish import MOST_FPS
from storage.domain.models.capability import Capability
from storage.domain.models.ranges import Span
from storage.domain.models.style import TEXT_LIMIT
from storage.domain.prompt import path_text
from storage.domain.request import (
    MOST_CANDIDATES,
    PROMPT_LIMIT,
    SEED_LIMIT,
    GenerationRequest,
    Preset,
)
from storage.domain.text import clean, is_blank

CANDIDATES = Span(1, MOST_CANDIDATES)
MODEL = "model"
"""The option that the command has only where several models can be ordered."""
STYLE = "style"
"""The option whose values the front end completes: they are those of a person and a moment."""
STORY = "story"
"""The option that the command `story` sets, and no person."""
LAST = 99


class Section(StrEnum):
    """Where a form that has room for sections shows an option, in their order."""

    CAMERA = "camera"
    SIZE = "size"
    QUALITY = "quality"
    FINISH = "finish"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an order.

    name is what people type; text, where it differs, is the NAME in its message keys. kind converts
    a value; the members of a StrEnum are the choices, and offers returns those that depend on the
    model. A default or bounds that are None here are those that the catalogue has under this name,
    if any.

    field is the field of GenerationRequest that holds the value. An option that shares a field with
    others has read instead, which returns its value from a request; one with neither is kept in
    `GenerationRequest.extra`.

    The places are ranks in ascending order, None where the option is not shown: form_field among
    the form's own inputs, form_line among the lines of its last input, detail_line among the
    parameters of a clip. label is its name in such lines, where it differs; detail returns the text
    of its detail line (empty: no line). max_length is in characters. needs is what a model has to
    be able to take; the option is offered for no other one. section is where the page shows it.
    """

    name: str
    kind: type[str] | type[int] | type[float]
    default: OptionValue | None = None
    bounds: Span | None = None
    offers: Callable[[Model, Profile], Mapping[str, str]] | None = None
    text: str = ""
    field: str = ""
    read: Callable[[GenerationRequest, Model], OptionValue | None] | None = None
    required: bool = False
    in_command: bool = True
    in_flags: bool = True
    in_page: bool = True
    form_field: int | None = None
    form_line: int | None = LAST
    custom_id: str = ""
    multiline: bool = False
    detail_line: int | None = LAST
    label: str = ""
    detail: Callable[[GenerationRequest, Clip | None], str] | None = None
    max_length: int | None = None
    needs: Capability | None = None
    section: Section = Section.MORE

    @property
    def name_key(self) -> str:
        """The message key of the name."""
        return f"option_{self.text or self.name}"

    @property
    def about_key(self) -> str:
        """The message key of the description."""
        return f"option_{self.text or self.name}_about"

    @property
    def choices(self) -> Mapping[str, str]:
        """The message key of each value of a choice; empty where any value may be given."""
        kind = self.kind
        if not issubclass(kind, StrEnum):
            return {}
        return {member.value: f"{kind.__name__.lower()}_{member.value}" for member in kind}

    def is_for(self, model: Model) -> bool:
        """Tell whether a model can be given the option."""
        return self.needs is None or self.needs in model.capabilities

    @property
    def on_page(self) -> bool:
        """Tell whether the page has a control for the option, as the slash command does."""
        return self.in_command and self.in_page

    @property
    def is_extra(self) -> bool:
        """Tell whether the value is kept in `GenerationRequest.extra`."""
        return not self.field and self.read is None

    def parse(self, value: OptionValue) -> OptionValue:
        """Return the value that a text or a number stands for; raise ValueError.

        Text is cleaned; text of which nothing can be seen is empty.
        """
        if self.kind is str:
            text = clean(str(value)).strip()
            return "" if is_blank(text) else text
        return self.kind(value.lower() if self.choices and isinstance(value, str) else value)

    def value_in(self, request: GenerationRequest, model: Model) -> OptionValue | None:
        """Return the value that asks for this request again; None where it was left out."""
        if self.read is not None:
            return self.read(request, model)
        if self.field:
            value: OptionValue = getattr(request, self.field)
            return value
        return dict(request.extra).get(self.name)

    def detail_in(self, request: GenerationRequest, clip: Clip | None) -> str:
        """Return the text of the detail line, empty where there is none."""
        if clip is not None and clip.candidates:
            clip = None  # drafts are made again by their request as a whole
        if self.detail is not None:
            return self.detail(request, clip)
        return format_value(getattr(request, self.field, dict(request.extra).get(self.name, "")))


def format_value(value: OptionValue) -> str:
    """Return a value as a person types it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _unless(default: OptionValue, value: OptionValue) -> str:
    return "" if value == default else format_value(value)


def _chooser(request: GenerationRequest) -> Chooser:
    """Return who chooses among a request's candidates; the default where there is one."""
    return Chooser.JUDGE if request.candidates > 1 and not request.drafts else Chooser.ME


def _style_text(request: GenerationRequest) -> str:
    return "" if request.style is None else request.style.text


def resolutions(model: Model, profile: Profile) -> dict[str, str]:
    """Return the resolutions that this hardware can make, each as it is shown."""
    most = profile.pixels if model.denoising is None else math.inf
    return {
        name: f"{name} ({side}²)" for name, side in model.resolutions.items() if side * side <= most
    }


def presets(model: Model, _profile: Profile | None = None) -> dict[str, str]:
    """Return the message keys of the presets that a model has."""
    return {name.value: f"preset_{name.value}" for name in model.presets or Preset}


# fmt: off
OPTIONS = (
    Option("prompt", str, "", field="prompt", required=True, multiline=True,
           max_length=PROMPT_LIMIT,
           in_flags=False,  # the command line has --prompts, one for each clip
           form_field=1, form_line=None, detail_line=None, needs=Capability.PROMPT),
    Option("camera", Motion, Motion.AUTO, read=lambda request, _: request.camera.motion,
           form_field=3, form_line=None, detail_line=2, detail=camera.motion_detail,
           needs=Capability.CAMERA, section=Section.CAMERA),
    Option("speed", Speed, Speed.NORMAL, read=lambda request, _: camera.speed_option(request),
           form_line=6, detail_line=3, detail=camera.speed_detail, needs=Capability.CAMERA,
           section=Section.CAMERA),
    Option("strength", float, bounds=Span(0.0, 1.0), read=camera.strength_option,
           form_line=7, detail_line=5,
           detail=lambda request, _: format_value(request.camera.strength),
           needs=Capability.CAMERA, section=Section.CAMERA),
    Option("path", str, "", read=lambda request, _: camera.path_option(request),
           max_length=path_text.LIMIT,
           form_line=8, detail_line=4, detail=camera.path_detail, needs=Capability.CAMERA,
           section=Section.CAMERA),
    Option("resolution", str, offers=resolutions, label="size",
           read=lambda request, model: model.resolution_of(request.width, request.height),
           form_field=4, form_line=None, detail_line=6,
           detail=lambda request, _: f"{request.width}x{request.height}", section=Section.SIZE),
    Option("frames", int, field="frames", form_line=2, detail_line=7, section=Section.SIZE),
    Option("fps", int, field="fps", form_line=3, detail_line=8, section=Section.SIZE),
    Option("steps", int, field="steps", form_line=4, detail_line=9, section=Section.QUALITY),
    Option("guidance", float, field="guidance", form_line=5, detail_line=10,
           needs=Capability.GUIDANCE, section=Section.QUALITY),
    Option("negative_prompt", str, "", field="negative_prompt", max_length=PROMPT_LIMIT,
           custom_id="negative", label="negative", form_field=2, form_line=None, detail_line=14,
           detail=lambda request, _: " ".join(request.negative_prompt.split()),
           needs=Capability.NEGATIVE_PROMPT, section=Section.QUALITY),
    Option("seed", int, bounds=Span(0, SEED_LIMIT), field="seed", form_line=1, detail_line=1,
           detail=lambda request, clip: str(clip.seed if clip else request.seed),
           section=Section.QUALITY),
    Option("preset", Preset, field="preset", offers=presets, form_line=9, detail_line=11,
           section=Section.QUALITY),
    Option("candidates", int, 1, CANDIDATES, field="candidates", form_line=10, detail_line=12,
           # The seed of a finished clip makes it again without the other candidates.
           detail=lambda request, clip: _unless(1, 1 if clip else request.candidates),
           needs=Capability.CANDIDATES),
    Option("choose", Chooser, Chooser.ME, text="chooser", form_line=11, detail_line=None,
           read=lambda request, _: _chooser(request), needs=Capability.CANDIDATES),
    Option("format", Container, Container.MP4, text="container", field="container",
           form_line=12, detail_line=13,
           detail=lambda request, _: _unless(Container.MP4, request.container),
           section=Section.FINISH),
    Option("upscale", finish.Upscale, finish.Upscale.NONE,
           read=lambda request, _: finish.upscale_option(request), form_line=13, detail_line=16,
           detail=lambda request, _: _unless("1", finish.upscale_option(request).value),
           section=Section.FINISH),
    Option("smooth", int, 0, Span(0, MOST_FPS),
           read=lambda request, _: finish.smooth_option(request), form_line=14, detail_line=17,
           detail=lambda request, _: _unless(0, finish.smooth_option(request)),
           section=Section.FINISH),
    Option("playback", finish.Playback, finish.Playback.FORWARDS,
           read=lambda request, _: finish.playback_option(request), form_line=15, detail_line=18,
           detail=lambda request, _: _unless("forwards", finish.playback_option(request).value),
           section=Section.FINISH),
    Option(STYLE, str, "", read=lambda request, _: _style_text(request), max_length=TEXT_LIMIT,
           form_line=16, detail_line=19, detail=lambda request, _: _style_text(request),
           needs=Capability.STYLE),
    # Only where others see what is ordered, as in a chat.
    Option(PRIVATE, Private, Private.NO, in_flags=False, in_page=False,
           form_line=17, detail_line=20,
           detail=lambda request, _: str(dict(request.extra).get(PRIVATE, ""))),
    # 1 where the picture was a spoiler, as the clip and its retries then are.
    Option("spoiler", int, 0, in_command=False, in_flags=False, form_line=None, detail_line=None),
    # 1 where each line of the prompt is a segment of a story.
    Option(STORY, int, 0, read=lambda request, _: int(bool(request.segments)),
           in_command=False, in_flags=False, form_line=None, detail_line=None,
           needs=Capability.PROMPT),
    # The key of a picture that is attached beside the first one.
    Option(END_PICTURE, str, "", field="end_picture", in_command=False, in_flags=False,
           form_line=None, detail_line=19, detail=lambda request, _: request.end_picture[:SHOWN],
           needs=Capability.END_PICTURE),
    Option(MODEL, str, field="model", form_line=None, detail_line=15),
)
# fmt: on
