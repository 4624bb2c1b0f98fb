"""Everything that a clip is made from, as one frozen value.

The bounds that hold for every model are checked here, whatever the request is read from; those of
a model and of the hardware are checked once, in bot.studio.orders.admission.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from operator import itemgetter

from storage.domain.camera.motion import Camera, Motion, Pose, Reading
from storage.domain.clip import SPARSE, Container
from storage.domain.drafts.grid import grid_size
from storage.domain.errors import BadRequest
from storage.domain.finish import Finish
from storage.domain.models.style import Style
from storage.domain.picture import TextToImage

PROMPT_LIMIT = 1000
SEED_LIMIT = 2**32 - 1
MOST_CANDIDATES = 8
MOST_FRAMES = 128  # that a model makes
MOST_SOURCE_FRAMES = 1024  # of a finished clip that is changed
MOST_SEGMENTS = 8  # of a story


class Preset(StrEnum):
    """How much exactness is traded for speed (rows of the catalogue)."""

    EXACT = "exact"
    FAST = "fast"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class DenoisedShape:
    """The size and the number of frames at which a model denoises a clip."""

    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a story: its prompt, and the camera that the options and this prompt give."""

    prompt: str
    camera: Camera = field(default_factory=Camera)
    reading: Reading | None = field(default=None, metadata=SPARSE)


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One order: a picture (by the sha256 of its bytes), a prompt, and every parameter.

    reading is the camera motion that the options and the prompt's rules gave at admission; None
    where there are keyframes, and where none was found, so that any other is a guess. extra
    holds the options that have no field of their own as (name, value), sorted, without defaults.
    denoised is what the model works on, where the clip is rendered from that at its full size; None
    where the model makes every pixel of every frame. depth_model names what tells how near things
    are, so that the camera moves through the scene; empty where it moves over a flat picture.

    finish is what is done to the frames afterwards. source is the sha256 of a finished clip's file;
    with a finish, that clip's frames are finished and none are made: the request's size, frames and
    frames a second are the source's then, and all else tells how the source was made. Without a
    finish, the clip goes on from the source's last frame, and both are joined.

    segments are the parts of a story, each of so many frames and opening with the last one of the
    part before; prompt has their prompts, one a line. stopped_after is after how many of them it
    was stopped, 0 where it was not. See storage.domain.prompt.story.

    end_picture is the picture that the clip arrives at, by the sha256 of its bytes; empty for none.

    drafts is the (width, height) at which each candidate is shown to the person, who chooses; None
    where the judge keeps the best. style is an adapter that the model has for this clip.

    text_to_image is how the picture is made from the prompt first, None where it was given. picture
    is empty until it is made. picture_model is the model that made the picture of an earlier order,
    which this one takes; empty for a picture that a person gave.

    content_limit is the score from which the content filter refuses pictures and frames; 0.0 where
    nothing is looked at. It says where the clip is shown, not what clip it is.
    """

    picture: str
    prompt: str
    model: str
    width: int
    height: int
    frames: int
    fps: int
    steps: int
    guidance: float
    seed: int
    negative_prompt: str = ""
    preset: Preset = Preset.EXACT
    camera: Camera = field(default_factory=Camera)
    candidates: int = 1
    container: Container = Container.MP4
    reading: Reading | None = field(default=None, metadata=SPARSE)
    extra: tuple[tuple[str, str | int | float], ...] = field(default=(), metadata=SPARSE)
    denoised: DenoisedShape | None = field(default=None, metadata=SPARSE)
    depth_model: str = field(default="", metadata=SPARSE)
    source: str = field(default="", metadata=SPARSE)
    finish: Finish | None = field(default=None, metadata=SPARSE)
    segments: tuple[Segment, ...] = field(default=(), metadata=SPARSE)
    stopped_after: int = field(default=0, metadata=SPARSE)
    drafts: tuple[int, int] | None = field(default=None, metadata=SPARSE)
    end_picture: str = field(default="", metadata=SPARSE)
    style: Style | None = field(default=None, metadata=SPARSE)
    text_to_image: TextToImage | None = field(default=None, metadata=SPARSE)
    content_limit: float = field(default=0.0, metadata=SPARSE)
    picture_model: str = field(default="", metadata=SPARSE)

    def __post_init__(self) -> None:
        """Refuse what no model could make, and write equal requests alike (9 is 9.0)."""
        object.__setattr__(self, "guidance", float(self.guidance))
        object.__setattr__(self, "extra", tuple(sorted(self.extra, key=itemgetter(0))))
        if len(self.segments) > MOST_SEGMENTS:
            raise BadRequest("request_segments", limit=MOST_SEGMENTS)
        texts = [("prompt", segment.prompt) for segment in self.segments]
        for name, text in (
            *(("prompt", self.prompt), ("negative_prompt", self.negative_prompt)),
            *texts,
        ):
            if len(text) > PROMPT_LIMIT:
                raise BadRequest(
                    "request_text_too_long", name=name, length=len(text), limit=PROMPT_LIMIT
                )
        for name, value, low, high in (
            ("width", self.width, 32, 4096),
            ("height", self.height, 32, 4096),
            ("frames", self.frames, 2, MOST_FRAMES if self.generates else MOST_SOURCE_FRAMES),
            ("fps", self.fps, 1, 60),
            ("steps", self.steps, 1, 500),
            ("guidance", self.guidance, 1.0, 50.0),
            ("seed", self.seed, 0, SEED_LIMIT),
            ("candidates", self.candidates, 1, MOST_CANDIDATES),
            ("stopped_after", self.stopped_after, 0, len(self.segments)),
            ("content_limit", self.content_limit, 0.0, 1.0),
            *(("drafts", side, 16, 4096) for side in self.drafts or ()),
            *(("steps", made.steps, 1, 500) for made in (self.text_to_image,) if made),
            *(("guidance", made.guidance, 0.0, 50.0) for made in (self.text_to_image,) if made),
        ):
            if not low <= value <= high:
                raise BadRequest("request_out_of_range", name=name, low=low, high=high)
        if self.finish is not None:
            self.finish.size(self.width, self.height)
        going_on = [segment.camera for segment in self.segments[1:]]
        going_on += [self.camera] if self.source and self.generates else []
        if any(camera.start != Pose() for camera in going_on):
            raise BadRequest("request_path_start")

    @property
    def generates(self) -> bool:
        """Tell whether a model makes frames; otherwise those of the source are only finished."""
        return not (self.source and self.finish is not None)

    @property
    def pictures(self) -> tuple[str, ...]:
        """Return the keys of the pictures that the clip is made from."""
        return tuple(filter(None, (self.picture, self.end_picture)))

    @property
    def made_by(self) -> str:
        """Return the model that makes or made the picture; empty where a person gave it."""
        return self.picture_model if self.text_to_image is None else self.text_to_image.model

    @property
    def size(self) -> tuple[int, int]:
        """Return the width and height of the file that is asked for."""
        if self.drafts is not None:
            return grid_size(self.candidates, *self.drafts)
        size = (self.width, self.height)
        return size if self.finish is None else self.finish.size(*size)

    @property
    def segment_count(self) -> int:
        """Return how many segments are to be made; 0 where it is no story."""
        return self.stopped_after or len(self.segments) if self.generates else 0

    @property
    def made_frames(self) -> int:
        """Return how many frames are made; a story has that at each joint once."""
        return max(1, self.segment_count) * (self.frames - 1) + 1

    @property
    def names_motion(self) -> bool:
        """Tell whether a camera motion was asked for; any other one is a default or a guess."""
        parts = self.segments or (self,)
        return any(
            part.reading is not None
            or part.camera.motion is not Motion.AUTO
            or bool(part.camera.keyframes)
            for part in parts
        )

    @property
    def fingerprint(self) -> str:
        """Return the sha256 that two requests share exactly when they ask for the same clip.

        What follows from the other fields is left out: the readings, and a picture that is made.
        So is what makes no other clip, as the content filter's limit and where the picture is from.
        """
        fields = asdict(self)
        for part in (fields, *fields["segments"]):
            del part["reading"]
        del fields["content_limit"], fields["picture_model"]
        for name in (
            *("extra", "denoised", "depth_model", "source", "finish"),
            *("segments", "stopped_after", "drafts", "end_picture", "style", "text_to_image"),
        ):
            if not fields[name]:
                del fields[name]  # as it was before there was one
        if self.text_to_image is not None:
            del fields["picture"]
        if self.finish is not None:
            fields["finish"] = self.finish.changes
        if self.container is Container.MP4:
            del fields["container"]  # as it was before there was a choice
        plain = json.dumps(fields, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(plain.encode()).hexdigest()
