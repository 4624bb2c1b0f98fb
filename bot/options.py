"""Options: what a person filled in, before the catalogue's defaults complete it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.domain.camera import Camera, Keyframe, Motion, Speed
from storage.domain.catalogue import Catalogue, Model, Profile
from storage.domain.request import GenerationRequest, Preset


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
    keyframes: tuple[Keyframe, ...] = ()
    candidates: int = 1

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
            camera=Camera(self.motion, self.speed, self.strength, self.keyframes),
            candidates=self.candidates,
        )
        return catalogue.admit(request, profile)

    @classmethod
    def of(cls, request: GenerationRequest, catalogue: Catalogue) -> Options:
        """Return the options that ask for this request again."""
        model = catalogue.model(request.model)
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
            motion=request.camera.motion,
            speed=request.camera.speed,
            strength=request.camera.strength,
            keyframes=request.camera.keyframes,
            candidates=request.candidates,
        )


def resolution_of(request: GenerationRequest, model: Model) -> str:
    """Return the name of the resolution that this request's size came from."""
    area = request.width * request.height
    return min(model.resolutions, key=lambda name: abs(model.resolutions[name] ** 2 - area))


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
