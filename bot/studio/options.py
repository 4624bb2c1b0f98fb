"""Options: what a person filled in, before the catalogue's defaults complete it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from storage.domain.camera.keyframes import keyframes
from storage.domain.camera.motion import Camera, Keyframe, Motion, Speed
from storage.domain.catalogue import Catalogue, Model, Profile, Span
from storage.domain.clip import Container
from storage.domain.errors import BadRequest
from storage.domain.prompt import path_text
from storage.domain.prompt.reading import read_sequence
from storage.domain.request import SEED_LIMIT, GenerationRequest, Preset

CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Options:
    """An order as a person gave it; None and empty mean: as the catalogue says."""

    prompt: str
    negative_prompt: str = ""
    model: str = ""
    resolution: str = ""
    frames: int | None = None
    fps: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None
    preset: Preset | None = None
    motion: Motion = Motion.AUTO
    speed: Speed = Speed.NORMAL
    strength: float = 1.0
    path: str = ""
    candidates: int = 1
    container: Container = Container.MP4

    def request(
        self,
        catalogue: Catalogue,
        profile: Profile,
        picture: str,
        size: tuple[int, int],
        seed: int,
    ) -> GenerationRequest:
        """Return the whole request; raise BadRequest where it may not be made.

        picture is the upload's sha256 and size its (width, height); seed counts where the person
        named none.
        """
        model = catalogue.model(self.model)
        defaults = model.defaults
        self._check(model, profile)
        width, height = model.size(self.resolution or defaults.resolution, size)
        request = GenerationRequest(
            picture=picture,
            prompt=self.prompt.strip(),
            negative_prompt=self.negative_prompt.strip(),
            model=model.name,
            width=width,
            height=height,
            frames=_or(self.frames, min(defaults.frames, profile.frames)),
            fps=_or(self.fps, defaults.fps),
            steps=_or(self.steps, min(defaults.steps, profile.steps)),
            guidance=self.guidance if self.guidance is not None else defaults.guidance,
            seed=_or(self.seed, seed),
            preset=self.preset or defaults.preset,
            camera=self._camera(),
            candidates=self.candidates,
            container=self.container,
        )
        return catalogue.admit(request, profile)

    def _camera(self) -> Camera:
        """Return the camera, with a path where one is given or where the prompt tells one.

        The speed of a path that is given is in its poses, and nowhere else.
        """
        if self.path.strip():
            path = path_text.read(self.path, self.speed)
            return Camera(self.motion, strength=self.strength, keyframes=path)
        path = _told(self.prompt, self.motion, self.speed)
        return Camera(self.motion, self.speed, self.strength, path)

    def _check(self, model: Model, profile: Profile) -> None:
        """Refuse a number that this model on this hardware does not take."""
        for name, span in bounds(model, profile).items():
            value = getattr(self, name)
            if value is not None and value not in span:
                raise BadRequest("request_out_of_range", name=name, low=span.low, high=span.high)

    @classmethod
    def of(cls, request: GenerationRequest, catalogue: Catalogue) -> Options:
        """Return the options that ask for this request again."""
        model = catalogue.model(request.model)
        camera = request.camera
        told = _told(request.prompt, camera.motion, camera.speed)
        path = "" if camera.keyframes == told else path_text.write(camera.keyframes)
        return cls(
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            model=request.model,
            resolution=resolution_of(request, model),
            frames=request.frames,
            fps=request.fps,
            steps=request.steps,
            guidance=request.guidance,
            seed=request.seed,
            preset=request.preset,
            motion=camera.motion,
            speed=Speed.NORMAL if path else camera.speed,
            strength=camera.strength,
            path=path,
            candidates=request.candidates,
            container=request.container,
        )


def _told(prompt: str, motion: Motion, speed: Speed) -> tuple[Keyframe, ...]:
    """Return the path of a prompt that tells several motions one after the other."""
    if motion is not Motion.AUTO:
        return ()
    return keyframes(
        [
            (reading if speed is Speed.NORMAL else replace(reading, speed=speed),)
            for reading in read_sequence(prompt)
        ]
    )


def resolution_of(request: GenerationRequest, model: Model) -> str:
    """Return the name of the resolution that this request's size came from."""
    area = request.width * request.height
    return min(model.resolutions, key=lambda name: abs(model.resolutions[name] ** 2 - area))


def resolutions(model: Model, profile: Profile) -> dict[str, str]:
    """Return the resolutions that this hardware makes, each with how it is shown."""
    return {
        name: f"{name} ({side}²)"
        for name, side in model.resolutions.items()
        if side * side <= profile.pixels
    }


def bounds(model: Model, profile: Profile) -> dict[str, Span]:
    """Return within which bounds each number may be, by the model and by the hardware."""
    limits = model.limits
    return {
        "frames": Span(limits.frames.low, min(limits.frames.high, profile.frames)),
        "fps": limits.fps,
        "steps": Span(limits.steps.low, min(limits.steps.high, profile.steps)),
        "guidance": limits.guidance,
        "strength": Span(0.0, 1.0),
        "seed": Span(0, SEED_LIMIT),
        "candidates": Span(1, CANDIDATES),
    }


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
