"""Measures what the denoiser adds, by clips of held-out pictures against the true crop.

Beside it stand the moved picture's own pixels, and the same through the autoencoder.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gpu_worker.lab.contact_sheet import ContactSheetRow
from gpu_worker.lab.training.data import clip_pairs
from gpu_worker.lab.training.data.camera_paths import pose_at
from gpu_worker.lab.training.data.clip_pairs import ClipPair
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.data.latent_dataset import uncovered_share
from gpu_worker.lab.training.networks.image_encoder import embed_centre
from gpu_worker.lab.training.networks.model_types import Denoiser
from gpu_worker.lab.training.networks.text_encoder import tokenize
from gpu_worker.lab.training.networks.unet import build_scheduler
from gpu_worker.lab.training.trained_networks import TrainedNetworks
from gpu_worker.media.frames import Frame, Frames
from gpu_worker.media.warp import Window, move, uncovered
from gpu_worker.models.i2vgen_xl import autoencoder
from gpu_worker.models.i2vgen_xl.sampling.detail import restore_detail
from storage.domain.camera.motion import Motion

SIDE = 128
FRAMES = 16
STEPS = 4
MOTIONS = (Motion.ZOOM_IN, Motion.ZOOM_OUT, Motion.PAN_LEFT, Motion.PAN_RIGHT, Motion.TILT_UP)


@dataclass(frozen=True)
class ValidationScore:
    """One clip: squared errors (of 255), and its frames.

    picture is the moved picture, moved the same through the autoencoder, model the finished clip.
    """

    motion: Motion
    picture_error: float
    moved_error: float
    model_error: float
    truth: Frames
    picture: Frames
    model: Frames


def validate(networks: TrainedNetworks, images: ImageDataset, count: int) -> list[ValidationScore]:
    """Score `count` held-out clips, the motions in turn; the source is the fitted picture."""
    scores: list[ValidationScore] = []
    number = 0
    size = (SIDE, SIDE)
    while len(scores) < count:
        motion = MOTIONS[len(scores) % len(MOTIONS)]
        poses = tuple(pose_at(motion, 1.0, n / (FRAMES - 1)) for n in range(FRAMES))
        image = images.held_out[number % len(images.held_out)]
        number += 1
        window = _centre(image)
        if clip_pairs.covers(image, window, poses):
            truth = move(image, window, poses, size)
            moved = clip_pairs.move_fitted(image, window, poses, size)
            mask = uncovered(size, clip_pairs.full_window(size), poses, size)
            scores.append(_score(networks, ClipPair(truth, moved, motion, mask)))
    return scores


def _centre(image: Frame) -> Window:
    """Return a window of 0.6 of the short side, around which every motion finds true pixels."""
    height, width = image.shape[:2]
    side = round(min(height, width) * 0.6)
    return (float((width - side) // 2), float((height - side) // 2), float(side), float(side))


@torch.no_grad()
def _score(networks: TrainedNetworks, clip: ClipPair) -> ValidationScore:
    vae, moved = networks.autoencoder, clip.moved
    latents = autoencoder.encode(vae, moved, 4)[None]
    embedding = embed_centre(networks.image_encoder, moved[0])
    prompt = clip.motion.value.replace("_", " ")
    context = networks.text_encoder(tokenize(networks.tokenizer, [prompt])).last_hidden_state
    scale = networks.scale * uncovered_share(clip).float()
    sampled = sample(networks.denoiser, latents, (embedding, context), scale, STEPS)
    recoded, decoded = (autoencoder.decode(vae, part[0], 4) for part in (latents, sampled))
    change = (sampled - latents)[0].numpy()
    finished = restore_detail(decoded, moved, recoded, change, 1.0)
    picture, coded, model = (
        _squared_error(frames, clip.truth) for frames in (moved, recoded, finished)
    )
    return ValidationScore(clip.motion, picture, coded, model, clip.truth, moved, finished)


@torch.no_grad()
def sample(
    unet: Denoiser,
    moved: Tensor,
    conditions: tuple[Tensor, Tensor],
    scale: Tensor | float,
    steps: int,
) -> Tensor:
    """Denoise from pure noise as the engine does; return latents of the moved latents' shape.

    moved is (1, 4, f, h, w). conditions holds the picture's embedding (1, width) and the prompt's
    features (1, length, width). scale is the residual's, by latent where it is a tensor.
    """
    scheduler = build_scheduler()
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(moved.shape, generator=generator).to(moved.device)
    fps = torch.full((1,), 8.0, device=moved.device)
    for time in scheduler.timesteps:
        predicted = unet(latents, time, fps, moved, *conditions).sample
        latents = scheduler.step(predicted, time, latents).prev_sample
    result: Tensor = moved + latents * scale
    return result


def _squared_error(frames: Frames, truth: Frames) -> float:
    return float(np.square(frames.astype(np.float32) - truth).mean())


def sheet_rows(scores: list[ValidationScore]) -> list[ContactSheetRow]:
    """Return a contact sheet's rows: truth, moved picture and model of each clip."""
    return [
        ContactSheetRow((score.motion.value, name), frames)
        for score in scores
        for name, frames in (
            ("truth", score.truth),
            ("picture", score.picture),
            ("model", score.model),
        )
    ]


def summarize(scores: list[ValidationScore]) -> dict[str, dict[str, float]]:
    """Return the mean squared errors of picture, moved and model per motion."""
    table: dict[str, dict[str, float]] = {}
    for motion in dict.fromkeys(score.motion for score in scores):
        same = [score for score in scores if score.motion is motion]
        table[motion.value] = {
            name: round(float(np.mean([getattr(score, f"{name}_error") for score in same])), 2)
            for name in ("picture", "moved", "model")
        }
    return table
