"""What hardware must be able to make, so that any of a model's clips can be ordered."""

from __future__ import annotations

from storage.domain.catalogue import Model


def least_clip(model: Model) -> dict[str, int]:
    """Return the least of each number of a model's clips that a hardware profile bounds.

    The keys are the fields of Profile: pixels (width x height), frames and steps. A number that no
    hardware bounds for this model is missing.
    """
    limits = model.limits
    steps = {"steps": int(limits.steps.low)}
    shapes = [model.size(name, aspect) for name in model.resolutions for aspect in model.aspects]
    if model.denoising is None:
        frames = int(model.frame_counts(limits.frames).low)
        return {"pixels": min(width * height for width, height in shapes), "frames": frames} | steps
    small = [model.denoised(width, height, 1) for width, height in shapes]
    return {"pixels": min(shape.width * shape.height for shape in small if shape)} | steps
