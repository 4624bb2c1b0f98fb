"""Random scenes: augmented windows of gallery pictures, some with cut-outs pasted in."""

import cv2
import numpy as np

from gpu_worker.lab.training.data.image_dataset import Gallery, Pixels

LARGEST_REDUCTION = 8.0


def composed(
    gallery: Gallery, rng: np.random.Generator, picture: Pixels, chance: float = 0.3
) -> Pixels:
    """Paste, by chance, one to three cut-outs into a copy of the picture."""
    if not gallery.cutouts or rng.random() > chance:
        return picture
    picture = picture.copy()
    for _ in range(rng.integers(1, 4)):
        cutout = gallery.cutouts[rng.integers(len(gallery.cutouts))]
        _paste(picture, cutout, rng)
    return picture


def _paste(picture: Pixels, cutout: Pixels, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    scale = min(height, width) * rng.uniform(0.3, 0.95) / max(cutout.shape[:2])
    size = (max(round(cutout.shape[1] * scale), 8), max(round(cutout.shape[0] * scale), 8))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(cutout, size, interpolation=way)
    if rng.random() < 0.5:
        small = small[:, ::-1]
    top = rng.integers(0, max(height - size[1], 0) + 1)
    left = rng.integers(0, max(width - size[0], 0) + 1)
    target = picture[top : top + size[1], left : left + size[0]]
    small = small[: target.shape[0], : target.shape[1]]
    alpha = small[..., 3:].astype(np.float32) / 255
    target[:] = (small[..., :3] * alpha + target * (1 - alpha)).astype(np.uint8)


def window(picture: Pixels, side: int, rng: np.random.Generator, whole: int = 128) -> Pixels:
    """Cut a square patch of `side` pixels out of a picture, at a random reduction.

    At the strongest reduction the picture's short side would become `whole` pixels.
    """
    short = min(picture.shape[:2])
    strongest = float(np.clip(short / whole, 1.0, LARGEST_REDUCTION))
    reduction = np.exp(rng.uniform(0.0, np.log(strongest))) if rng.random() < 0.6 else strongest
    span = min(round(side * reduction), short)
    top = rng.integers(0, picture.shape[0] - span + 1)
    left = rng.integers(0, picture.shape[1] - span + 1)
    patch = picture[top : top + span, left : left + span]
    return np.asarray(cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def varied(patch: Pixels, rng: np.random.Generator) -> Pixels:
    """Flip a patch or change its colours a little, so that few pictures teach more.

    The patch may be one picture (h, w, 3) or a clip (f, h, w, 3): a clip changes as one.
    """
    if rng.random() < 0.5:
        patch = patch[..., ::-1, :]
    if rng.random() < 0.5:
        levels = np.arange(256, dtype=np.float32) / 255
        gamma = np.exp(rng.normal(0, 0.25))
        gains = np.exp(rng.normal(0, 0.1, 3))
        table = np.clip(levels[:, None] ** gamma * gains * 255, 0, 255).astype(np.uint8)
        order = rng.permutation(3) if rng.random() < 0.15 else np.arange(3)
        patch = np.stack([table[patch[..., order[c]], c] for c in range(3)], axis=-1)
    return np.ascontiguousarray(patch)
