"""What a pipeline is called with for a request, by its signature and its model's row."""

from __future__ import annotations

import inspect
from typing import Any

from PIL import Image

from gpu_worker.engine.api import NotUsable
from gpu_worker.media.picture import Canvas
from storage.domain.catalogue import Model
from storage.domain.models.capability import Capability
from storage.domain.models.pipeline_row import PARAMETERS
from storage.domain.request import GenerationRequest

NEEDED = ("picture", "steps")
UNABLE = {Capability.CAMERA, Capability.CANDIDATES, Capability.STYLE}
"""What no pipeline of diffusers is given by this engine."""

CALLBACK = "callback_on_step_end"


class CallArguments:
    """Turns requests into the arguments of one pipeline."""

    def __init__(self, pipeline: Any, row: Model) -> None:
        """Take the signature of a pipeline, or of its class.

        Raise NotUsable where it lacks what the row says that the model can be given.
        """
        self._known = inspect.signature(pipeline.__call__).parameters.keys()
        self._row = row
        self._names = PARAMETERS | dict(row.pipeline.parameters)
        named = getattr(pipeline, "__name__", type(pipeline).__name__)
        for one in UNABLE.intersection(row.capabilities):
            raise NotUsable(
                f"{named} can be given no {one.value}, as the row of {row.name} says: name the"
                " model's own row by MODEL_ROW"
            )
        for name in (*NEEDED, *(one.value for one in row.capabilities if one.value in PARAMETERS)):
            if self._names[name] not in self._known:
                raise NotUsable(
                    f"{named} has no parameter {self._names[name]}: the row of {row.name} must"
                    f" name its own for {name} under pipeline.parameters, or another pipeline"
                )
        for name in row.pipeline.arguments:
            if name not in self._known:
                raise NotUsable(f"{named} has no parameter {name}, as the row of {row.name} says")

    @property
    def takes_callback(self) -> bool:
        """Tell whether the pipeline calls back after every step."""
        return CALLBACK in self._known

    def of(self, request: GenerationRequest, canvas: Canvas, steps: int) -> dict[str, Any]:
        """Return the arguments of one clip; a parameter that the pipeline lacks is left out."""
        able = self._row.capabilities
        values: dict[str, Any] = {
            "picture": Image.fromarray(canvas.fitted),
            "width": request.width,
            "height": request.height,
            "frames": request.frames,
            "fps": request.fps,
            "steps": steps,
        }
        if Capability.PROMPT in able:
            values["prompt"] = request.prompt
        if Capability.NEGATIVE_PROMPT in able and request.negative_prompt:
            values["negative_prompt"] = request.negative_prompt
        if canvas.end is not None:
            values["end_picture"] = Image.fromarray(canvas.end.fitted)
        if Capability.GUIDANCE in able:
            values["guidance"] = request.guidance
        named = {self._names[name]: value for name, value in values.items()}
        mine = {name: value for name, value in named.items() if name in self._known}
        return {**self._row.pipeline.arguments, **mine}
