"""The clip that both pipelines make: its shape, request and picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Camera
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest


@dataclass(frozen=True)
class ClipShape:
    """Size in pixels, frames and steps of a clip."""

    width: int
    height: int
    frames: int
    steps: int = 50

    @property
    def pixels(self) -> int:
        """Return the pixels of all frames."""
        return self.width * self.height * self.frames

    @property
    def size(self) -> str:
        """Return width, height and frames as the tables write them."""
        return f"{self.width} x {self.height} x {self.frames}"

    def request(self, **changes: Any) -> GenerationRequest:
        """Return the request with the stock pipeline's guidance and the camera off."""
        plain = GenerationRequest(
            picture="benchmark",
            prompt="a boat drifts on a lake while the camera slowly zooms in",
            negative_prompt="blurry, distorted",
            model="benchmark",
            width=self.width,
            height=self.height,
            frames=self.frames,
            fps=16,
            steps=self.steps,
            guidance=9.0,
            seed=8888,
            camera=Camera(strength=0.0),
        )
        return with_reading(replace(plain, **changes))

    def canvas(self) -> Canvas:
        """Draw a smooth picture of the clip's own size, so that both pipelines fit it alike."""
        across, down = np.meshgrid(np.linspace(0, 6, self.width), np.linspace(0, 6, self.height))
        waves = [np.sin(across * rate + down * (3 - rate)) for rate in (0.7, 1.3, 2.1)]
        picture = ((np.stack(waves, axis=-1) + 1) * 127.5).astype(np.uint8)
        window = (0.0, 0.0, float(self.width), float(self.height))
        return Canvas(picture, window, (self.width, self.height))
