"""Turns options into requests that this service's models and hardware can make.

The bounds of the models and of the hardware are checked here, and only here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.studio.camera_options import camera_from, going_on_from
from bot.studio.clips.finish_options import finish_from
from bot.studio.clips.remaking import part_frames
from bot.studio.option_table import OPTIONS, STORY, STYLE, Option, presets
from bot.studio.options import Chooser, Options, OptionValue
from storage.domain.camera.motion import Camera
from storage.domain.catalogue import Catalogue, Model, Profile
from storage.domain.errors import BadRequest
from storage.domain.models.capability import Capability
from storage.domain.models.ranges import Span
from storage.domain.models.style import style_in
from storage.domain.picture import TextToImage
from storage.domain.prompt import story
from storage.domain.prompt.language import is_foreign_script
from storage.domain.prompt.reading import with_reading
from storage.domain.request import MOST_SEGMENTS, GenerationRequest
from storage.domain.text import printable


@dataclass(frozen=True, slots=True)
class Admission:
    """The options of orders, their bounds in the catalogue and on the workers' hardware.

    profile is that of the default model, profiles those of others by the model's name.
    text_to_image is how pictures are made from prompts, None where they are not; picture_languages
    are those of these prompts.
    """

    catalogue: Catalogue
    profile: Profile
    table: tuple[Option, ...] = OPTIONS
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    text_to_image: TextToImage | None = None
    picture_languages: tuple[str, ...] = ("en",)

    def admit(
        self, options: Options, picture: str, size: tuple[int, int], seed: int
    ) -> GenerationRequest:
        """Return the request that the options ask for; raise BadRequest.

        picture is the upload's sha256 and size its (width, height); seed is used where the options
        have none.
        """
        model = self.catalogue.model(str(options.get("model", "")))
        self._check_able(options, model)
        values = {"seed": seed} | self._completed(options, model)
        values["resolution"] = model.resolution_named(values["resolution"])
        self._check_bounds(values, model)
        self._check_offered(values, model)
        _check_texts(values, model)
        width, height = model.size(values["resolution"], size)
        fields = {option.field: values[option.name] for option in self.table if option.field}
        request = GenerationRequest(
            picture=picture,
            width=width,
            height=height,
            camera=_camera(values, model),
            extra=self._extra(values),
            denoised=model.denoised(width, height, values["frames"]),
            depth_model=model.depth_model,
            finish=finish_from(values),
            drafts=model.draft_size(width, height) if _shows_drafts(values) else None,
            style=style_in(values[STYLE]),
            **fields,
        )
        self._check_size(request)
        if values[STORY]:
            return self._story(request, values, model)
        return with_reading(request)

    def imagine(self, options: Options, size: tuple[int, int], seed: int) -> GenerationRequest:
        """Return the request of a clip whose picture is made from the prompt; raise BadRequest.

        size is the picture's (width, height), but for its scale. A model without prompts gets the
        picture alone.
        """
        model = self.catalogue.model(str(options.get("model", "")))
        [words] = [option for option in self.table if option.name == "prompt"]
        prompt = str(words.parse(options.get("prompt", "")))
        if not prompt:
            raise BadRequest("request_prompt_empty")
        known = options if words.is_for(model) else options.replace(prompt=None)
        request = self.admit(known, picture="", size=size, seed=seed)
        return self.with_text_to_image(replace(request, prompt=prompt))

    def with_text_to_image(self, request: GenerationRequest) -> GenerationRequest:
        """Return a request whose picture is made as it is now; raise BadRequest where it is not."""
        made = self.text_to_image
        if made is None:
            raise BadRequest("request_no_picture_model")
        texts = (request.prompt, request.negative_prompt)
        _check_languages(texts, self.picture_languages, made.model)
        return replace(request, text_to_image=made)

    def check(self, request: GenerationRequest) -> None:
        """Raise BadRequest where a request that was admitted once may not be made any more."""
        model = self.catalogue.model(request.model)
        bounded = [option for option in self.table if self.bounds(option, model)]
        values = {option.name: option.value_in(request, model) for option in bounded}
        self._check_bounds(values, model)
        if request.generates and request.preset not in presets(model):
            raise BadRequest("request_preset", names=", ".join(presets(model)))
        self._check_size(request)

    def options_of(self, request: GenerationRequest) -> Options:
        """Return the options that ask for this request again, of those that its model can be given.

        The prompt of a made picture is none of them where the model reads no prompt.
        """
        model = self.catalogue.model(request.model)
        known = [option for option in self.table if option.is_for(model)]
        values = {option.name: option.value_in(request, model) for option in known}
        if not request.generates:  # frames are those of a clip that may be longer than is made
            values["frames"] = min(part_frames(request), int(model.limits.frames.high))
        return Options(**self._completed(Options(**values), model))

    def defaults(self, model: str = "") -> Options:
        """Return the options of an order that leaves everything out; they have no seed.

        An empty name is the default model; raise BadRequest for one that cannot be ordered.
        """
        return Options(**self._completed(Options(), self.catalogue.model(model)))

    def offering(self, option: Option) -> list[Model]:
        """Return the models that can be given an option, the default model first."""
        default = self.catalogue.default_model
        models = sorted(self.catalogue.models.values(), key=lambda model: model.name != default)
        return [model for model in models if option.is_for(model)]

    def is_for_all(self, option: Option) -> bool:
        """Tell whether every model that can be ordered can be given an option."""
        return all(option.is_for(model) for model in self.catalogue.models.values())

    def options_for(self, model: str) -> tuple[Option, ...]:
        """Return the options that a model can be given; all of them for one that is gone."""
        row = self.catalogue.models.get(model)
        return tuple(option for option in self.table if row is None or option.is_for(row))

    def profile_of(self, model: str) -> Profile:
        """Return the hardware profile that bounds what may be asked of a model."""
        return self.profiles.get(model, self.profile)

    def bounds(self, option: Option, model: Model) -> Span | None:
        """Return the range of a number, by the model and the hardware; None where it has none."""
        if option.bounds is not None:
            return option.bounds
        limits: Span | None = getattr(model.limits, option.name, None)
        if limits is None:
            return None
        most = getattr(self.profile_of(model.name), option.name, limits.high)
        if option.name == "frames" and model.denoising is not None:
            most = limits.high  # the hardware bounds what is denoised
        bounds = Span(limits.low, min(limits.high, most))
        return model.frame_counts(bounds) if option.name == "frames" else bounds

    def choices(self, option: Option, model: Model) -> Mapping[str, str]:
        """Return what people see of each value to choose from, as a message key or as text.

        Empty where any value may be given.
        """
        if option.offers is not None:
            return option.offers(model, self.profile_of(model.name))
        return option.choices

    def about(self, option: Option, model: Model) -> dict[str, OptionValue]:
        """Return the parameters of an option's description: what is recommended."""
        recommended: Span | None = getattr(model.recommended, option.name, None)
        if recommended is not None:
            return self._within_bounds(recommended, option, model)
        default = self._default(option, model)
        return {} if default is None else {"default": default}

    def _within_bounds(
        self, recommended: Span, option: Option, model: Model
    ) -> dict[str, OptionValue]:
        """Return the part of a recommended range that the hardware can make."""
        high = (self.bounds(option, model) or recommended).high
        return {"low": min(recommended.low, high), "high": min(recommended.high, high)}

    def _default(self, option: Option, model: Model) -> OptionValue | None:
        if option.default is not None:
            return option.default
        default: OptionValue | None = getattr(model.defaults, option.name, None)
        bounds, offered = self.bounds(option, model), self.choices(option, model)
        if option.offers is not None and offered and default not in offered:
            return list(offered)[-1]  # the largest that this hardware can make
        if bounds is None or not isinstance(default, int | float):
            return default
        return min(default, bounds.high)

    def _story(
        self, request: GenerationRequest, values: Mapping[str, Any], model: Model
    ) -> GenerationRequest:
        """Return a request with one segment for each line of its prompt; raise BadRequest."""
        prompts = story.prompts_in(request.prompt)
        low, high = story.LEAST_SEGMENTS, MOST_SEGMENTS
        if not low <= len(prompts) <= high:
            raise BadRequest("request_story", count=len(prompts), low=low, high=high)
        cameras = [_camera({**values, "prompt": prompt}, model) for prompt in prompts]
        aspect = request.width / request.height
        cameras[1:] = [going_on_from(camera, aspect) for camera in cameras[1:]]
        if not values["path"].strip():  # any other path is that of all prompts in a row
            request = replace(request, camera=replace(request.camera, keyframes=()))
        return story.with_segments(request, cameras)

    def _completed(self, options: Options, model: Model) -> dict[str, Any]:
        """Return all values, with defaults for missing and empty ones; a seed has no default."""
        if unknown := options.keys() - {option.name for option in self.table}:
            raise TypeError(f"unknown options: {', '.join(sorted(unknown))}")
        values: dict[str, Any] = {}
        for option in self.table:
            value: Any = options.get(option.name)
            if value not in (None, ""):
                value = _parsed(option, value)
            if value in (None, ""):
                default = self._default(option, model)
                value = None if default is None else option.parse(default)
            if value is not None:
                values[option.name] = value
        values["frames"] = model.frame_count(values["frames"])
        return values | {"model": model.name}

    def _extra(self, values: Mapping[str, Any]) -> tuple[tuple[str, OptionValue], ...]:
        """Return the values that the request has no field for, except defaults."""
        return tuple(
            (option.name, values[option.name])
            for option in self.table
            if option.is_extra and values.get(option.name) not in (None, option.default)
        )

    def _check_able(self, options: Options, model: Model) -> None:
        """Raise BadRequest for an option that the model cannot be given."""
        for option in self.table:
            value = options.get(option.name)
            if option.is_for(model) or value in (None, ""):
                continue
            if option.parse(value) not in ("", self._default(option, model)):
                raise BadRequest("request_unable", name=option.name, model=model.name)

    def _check_bounds(self, values: Mapping[str, Any], model: Model) -> None:
        for option in self.table:
            bounds, value = self.bounds(option, model), values.get(option.name)
            if bounds is not None and isinstance(value, int | float) and value not in bounds:
                low, high = bounds.low, bounds.high
                raise BadRequest("request_out_of_range", name=option.name, low=low, high=high)

    def _check_offered(self, values: Mapping[str, Any], model: Model) -> None:
        """Raise BadRequest that names what this hardware can make."""
        for option in self.table:
            offered = self.choices(option, model) if option.offers is not None else {}
            if offered and values[option.name] not in offered:
                raise BadRequest(f"request_{option.name}", names=", ".join(offered))

    def _check_size(self, request: GenerationRequest) -> None:
        pixels = self.profile_of(request.model).pixels
        shape = request.denoised or request
        if shape.width * shape.height > pixels:
            raise BadRequest("request_too_many_pixels", limit=pixels)


def _camera(values: Mapping[str, Any], model: Model) -> Camera:
    """Return an order's camera; one of no strength where the model is not steered by any."""
    if Capability.CAMERA not in model.capabilities:
        return Camera(strength=0.0)
    return camera_from(values, model)


def _parsed(option: Option, value: OptionValue) -> OptionValue:
    """Return an option's value; raise BadRequest where it cannot have such a one."""
    try:
        return option.parse(value)
    except (ValueError, OverflowError) as error:
        line = f"{option.label or option.name}: {printable(str(value))}"
        raise BadRequest("request_line_value", line=line[:80]) from error


def _check_texts(values: Mapping[str, Any], model: Model) -> None:
    """Raise BadRequest where a prompt is missing, or in writing that the model cannot read."""
    if Capability.PROMPT in model.capabilities and not values["prompt"]:
        raise BadRequest("request_prompt_empty")
    texts = (values["prompt"], values["negative_prompt"])
    _check_languages(texts, model.languages, model.name)


def _check_languages(texts: Iterable[str], languages: Collection[str], model: str) -> None:
    """Raise BadRequest for texts in writing that a model of these languages cannot read."""
    if "zh" not in languages and any(is_foreign_script(text) for text in texts):
        raise BadRequest("request_english_only", model=model)


def _shows_drafts(values: Mapping[str, Any]) -> bool:
    """Tell whether an order's person chooses among several candidates; in a story nobody can."""
    several = values["candidates"] > 1 and not values[STORY]
    return several and values["choose"] is Chooser.ME
