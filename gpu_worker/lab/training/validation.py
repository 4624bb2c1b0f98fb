"""What the denoiser adds: the finished clip's error against the true crop.

Beside it stand the moved picture's own pixels, and the same through the autoencoder.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from gpu_worker.lab.training.data import clip_pairs as clips
from gpu_worker.lab.training.data import latent_dataset as pairs
from gpu_worker.lab.training.data.camera_paths import full
from gpu_worker.lab.training.data.image_dataset import Gallery, Pixels
from gpu_worker.lab.training.networks import autoencoder
from gpu_worker.lab.training.networks import image_encoder as vision
from gpu_worker.lab.training.networks import text_encoder as text
from gpu_worker.lab.training.networks.model_types import Autoencoder, Denoiser, ImageEncoder
from gpu_worker.lab.training.sampling import sample
from gpu_worker.media.warp import Window, fit, move, uncovered
from gpu_worker.models.i2vgen_xl.sampling.detail import restore_detail
from storage.domain.camera.motion import Motion

SIDE = 128
FRAMES = 16
MOTIONS = (Motion.ZOOM_IN, Motion.ZOOM_OUT, Motion.PAN_LEFT, Motion.PAN_RIGHT, Motion.TILT_UP)
PROMPTS = {motion: motion.value.replace("_", " ") for motion in MOTIONS}


@dataclass(frozen=True)
class Parts:
    """Everything that a clip needs."""

    autoencoder: Autoencoder
    unet: Denoiser
    text: CLIPTextModel
    tokenizer: CLIPTokenizer
    vision: ImageEncoder
    scale: float


@dataclass(frozen=True)
class Score:
    """One clip: squared errors (of 255), and its frames.

    picture is the moved picture, moved the same through the autoencoder, model the finished clip.
    """

    motion: Motion
    picture_error: float
    moved_error: float
    model_error: float
    truth: Pixels
    picture: Pixels
    model: Pixels


def scored(parts: Parts, gallery: Gallery, count: int, steps: int = 4) -> list[Score]:
    """Score `count` held-out clips, the motions in turn; the source is the fitted picture."""
    scores: list[Score] = []
    number = 0
    while len(scores) < count:
        motion = MOTIONS[len(scores) % len(MOTIONS)]
        poses = tuple(full(motion, 1.0, n / (FRAMES - 1)) for n in range(FRAMES))
        picture = gallery.held_out[number % len(gallery.held_out)]
        number += 1
        window = _centre(picture)
        if clips.inside(picture, window, poses):
            truth = move(picture, window, poses, (SIDE, SIDE))
            moved = clips.from_fitted(picture, window, poses, (SIDE, SIDE))
            beyond = uncovered((SIDE, SIDE), clips.whole((SIDE, SIDE)), poses, (SIDE, SIDE))
            clip = clips.Pair(truth, moved, motion, beyond)
            scores.append(_score(parts, clip, steps))
    return scores


def _centre(picture: Pixels) -> Window:
    """Give a window of 0.6 of the short side: every motion finds true pixels around it."""
    height, width = picture.shape[:2]
    side = round(min(height, width) * 0.6)
    return (float((width - side) // 2), float((height - side) // 2), float(side), float(side))


@torch.no_grad()
def _score(parts: Parts, clip: clips.Pair, steps: int) -> Score:
    motion, truth, moved = clip.motion, clip.truth, clip.moved
    latents = autoencoder.encode(parts.autoencoder, autoencoder.tensor(moved))
    stacked = latents.permute(1, 0, 2, 3)[None]
    small = fit(moved[0], (0.0, 0.0, float(SIDE), float(SIDE)), (vision.SIDE, vision.SIDE))
    embedding = vision.embed(parts.vision, small[None])
    context = parts.text(text.tokens(parts.tokenizer, [PROMPTS[motion]])).last_hidden_state
    scale = parts.scale * pairs.shares(clip).float()
    made = sample(parts.unet, stacked, (embedding, context), scale, steps)
    recoded, decoded = (_decoded(parts.autoencoder, part) for part in (stacked, made))
    change = (made - stacked)[0].numpy()
    finished = restore_detail(decoded, moved, recoded, change, 1.0)
    errors = [_error(frames, truth) for frames in (moved, recoded, finished)]
    return Score(motion, errors[0], errors[1], errors[2], truth, moved, finished)


def _error(frames: Pixels, truth: Pixels) -> float:
    return float(np.square(frames.astype(np.float32) - truth).mean())


def _decoded(model: Autoencoder, latents: Tensor) -> Pixels:
    """Decode latents (1, 4, f, h, w) frame by frame."""
    frames = torch.split(latents[0].permute(1, 0, 2, 3), 4)
    return np.concatenate([autoencoder.pixels(autoencoder.decode(model, f)) for f in frames])


def sheet(scores: list[Score], columns: tuple[int, ...] = (0, 8, 15)) -> Pixels:
    """Lay frames of truth, moved picture and model side by side, one clip a row."""
    rows = []
    for score in scores:
        shown = [clip[n] for clip in (score.truth, score.picture, score.model) for n in columns]
        rows.append(np.hstack(shown))
    return np.vstack(rows)


def summary(scores: list[Score]) -> dict[str, dict[str, float]]:
    """Give per motion the mean squared errors of the moved picture, as it is and coded."""
    table: dict[str, dict[str, float]] = {}
    for motion in dict.fromkeys(score.motion for score in scores):
        own = [score for score in scores if score.motion is motion]
        table[motion.value] = {
            name: round(float(np.mean([getattr(score, f"{name}_error") for score in own])), 2)
            for name in ("picture", "moved", "model")
        }
    return table
