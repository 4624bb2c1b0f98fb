"""What the denoiser adds: its error against the true crop, beside the moved picture's."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from gpu_worker.training import autoencoder, clips, text, vision
from gpu_worker.training.gallery import Gallery, Pixels
from gpu_worker.training.kinds import Autoencoder, Denoiser, ImageEncoder
from gpu_worker.training.paths import full
from gpu_worker.training.sampling import sample
from gpu_worker.warp import Window, fit, move
from storage.domain.camera import Motion

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
    """One clip: squared errors (of 255) of the moved picture and of the model, frames too."""

    motion: Motion
    moved_error: float
    model_error: float
    truth: Pixels
    moved: Pixels
    model: Pixels


def scored(parts: Parts, gallery: Gallery, count: int, steps: int = 8) -> list[Score]:
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
            scores.append(_score(parts, motion, truth, moved, steps))
    return scores


def _centre(picture: Pixels) -> Window:
    """Give a window of 0.6 of the short side: every motion finds true pixels around it."""
    height, width = picture.shape[:2]
    side = round(min(height, width) * 0.6)
    return (float((width - side) // 2), float((height - side) // 2), float(side), float(side))


@torch.no_grad()
def _score(parts: Parts, motion: Motion, truth: Pixels, moved: Pixels, steps: int) -> Score:
    latents = autoencoder.encode(parts.autoencoder, autoencoder.tensor(moved))
    stacked = latents.permute(1, 0, 2, 3)[None]
    small = fit(moved[0], (0.0, 0.0, float(SIDE), float(SIDE)), (vision.SIDE, vision.SIDE))
    embedding = vision.embed(parts.vision, small[None])
    context = parts.text(text.tokens(parts.tokenizer, [PROMPTS[motion]])).last_hidden_state
    made = sample(parts.unet, stacked, (embedding, context), parts.scale, steps)
    shown = _decoded(parts.autoencoder, stacked), _decoded(parts.autoencoder, made)
    errors = [float(np.square(s.astype(np.float32) - truth).mean()) for s in shown]
    return Score(motion, errors[0], errors[1], truth, shown[0], shown[1])


def _decoded(model: Autoencoder, latents: Tensor) -> Pixels:
    """Decode latents (1, 4, f, h, w) frame by frame."""
    frames = torch.split(latents[0].permute(1, 0, 2, 3), 4)
    return np.concatenate([autoencoder.pixels(autoencoder.decode(model, f)) for f in frames])


def sheet(scores: list[Score], columns: tuple[int, ...] = (0, 8, 15)) -> Pixels:
    """Lay frames of truth, moved and model side by side, one clip a row."""
    rows = []
    for score in scores:
        shown = [clip[n] for clip in (score.truth, score.moved, score.model) for n in columns]
        rows.append(np.hstack(shown))
    return np.vstack(rows)


def summary(scores: list[Score]) -> dict[str, dict[str, float]]:
    """Give per motion the mean squared errors of moved picture and model."""
    table: dict[str, dict[str, float]] = {}
    for motion in dict.fromkeys(score.motion for score in scores):
        own = [score for score in scores if score.motion is motion]
        table[motion.value] = {
            "moved": round(float(np.mean([score.moved_error for score in own])), 2),
            "model": round(float(np.mean([score.model_error for score in own])), 2),
        }
    return table
