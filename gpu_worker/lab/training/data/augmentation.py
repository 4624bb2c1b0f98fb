"""Image augmentation: pasted cut-outs, random crops, colours, and traces of bad encoding."""

import cv2
import numpy as np

from gpu_worker.lab.training.data.image_dataset import Cutout, ImageDataset
from gpu_worker.media.frames import Frame, Frames

LARGEST_REDUCTION = 8.0


def paste_cutouts(
    dataset: ImageDataset, rng: np.random.Generator, image: Frame, chance: float
) -> Frame:
    """Paste, by chance, one to three cut-outs into a copy of the picture."""
    if not dataset.cutouts or rng.random() > chance:
        return image
    image = image.copy()
    for _ in range(rng.integers(1, 4)):
        _paste(image, dataset.cutouts[rng.integers(len(dataset.cutouts))], rng)
    return image


def _paste(image: Frame, cutout: Cutout, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    scale = min(height, width) * rng.uniform(0.3, 0.95) / max(cutout.shape[:2])
    size = (max(round(cutout.shape[1] * scale), 8), max(round(cutout.shape[0] * scale), 8))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(cutout, size, interpolation=method)
    if rng.random() < 0.5:
        small = small[:, ::-1]
    top = rng.integers(0, max(height - size[1], 0) + 1)
    left = rng.integers(0, max(width - size[0], 0) + 1)
    target = image[top : top + size[1], left : left + size[0]]
    small = small[: target.shape[0], : target.shape[1]]
    alpha = small[..., 3:].astype(np.float32) / 255
    target[:] = (small[..., :3] * alpha + target * (1 - alpha)).astype(np.uint8)


def random_crop(image: Frame, side: int, rng: np.random.Generator, whole: int) -> Frame:
    """Cut a square of `side` pixels out of a picture, at a random reduction.

    At the strongest reduction the picture's short side would become `whole` pixels.
    """
    short = min(image.shape[:2])
    strongest = float(np.clip(short / whole, 1.0, LARGEST_REDUCTION))
    reduction = np.exp(rng.uniform(0.0, np.log(strongest))) if rng.random() < 0.6 else strongest
    span = min(round(side * reduction), short)
    top = rng.integers(0, image.shape[0] - span + 1)
    left = rng.integers(0, image.shape[1] - span + 1)
    crop = image[top : top + span, left : left + span]
    return np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def flip_and_recolour(frames: Frames, rng: np.random.Generator) -> Frames:
    """Mirror a picture (h, w, 3) or a clip (f, h, w, 3) and change its colours a little, by chance.

    All frames of a clip change alike.
    """
    if rng.random() < 0.5:
        frames = frames[..., ::-1, :]
    if rng.random() < 0.5:
        levels = np.arange(256, dtype=np.float32) / 255
        gamma = np.exp(rng.normal(0, 0.25))
        gains = np.exp(rng.normal(0, 0.1, 3))
        table = np.clip(levels[:, None] ** gamma * gains * 255, 0, 255).astype(np.uint8)
        order = rng.permutation(3) if rng.random() < 0.15 else np.arange(3)
        frames = np.stack([table[frames[..., order[c]], c] for c in range(3)], axis=-1)
    return np.ascontiguousarray(frames)


def degrade(image: Frame, rng: np.random.Generator) -> Frame:
    """By chance add JPEG artefacts, noise or a slight blur, as uploads have."""
    chance = rng.random()
    if chance < 0.06:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 92))]
        data = cv2.imencode(".jpg", image[..., ::-1], quality)[1]
        decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        return np.ascontiguousarray(decoded[..., ::-1])
    if chance < 0.1:
        noise = rng.normal(0, rng.uniform(1, 6), image.shape)
        return np.clip(image + noise, 0, 255).astype(np.uint8)
    if chance < 0.15:
        blurred = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.8))
        return np.asarray(blurred, np.uint8)
    return image
