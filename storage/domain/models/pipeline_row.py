"""How a pipeline of diffusers is made and called for a model's clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Argument = bool | int | float | str

DTYPES = ("fp16", "bf16", "fp32")

PARAMETERS = {
    "picture": "image",
    "end_picture": "last_image",
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "width": "width",
    "height": "height",
    "frames": "num_frames",
    "fps": "frame_rate",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
}
"""What a request has, and what most pipelines call it."""


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """A model's pipeline, where its folder's model_index.json does not say enough.

    name is the class, empty for the folder's own. parameters are those of PARAMETERS that the
    pipeline calls otherwise; arguments are passed with every clip. dtypes has a number format for
    each component that differs, and for `default`; they hold on a GPU.
    """

    name: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)
