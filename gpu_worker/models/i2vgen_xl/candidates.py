"""Several seeds of one clip, their scores, and which of them is the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gpu_worker.media import motion, quality
from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl.memory.offload import OffloadedModules
from gpu_worker.render.opening_frame import OpeningFrame
from storage.domain.camera.motion import Motion

ClipScorer = Callable[[Frames, str], float]
"""How well frames fit a prompt: the cosine similarity of CLIP's embeddings."""

CLIP_FRAMES = 4
"""How many frames of a clip are shown to CLIP."""


@dataclass(frozen=True)
class ScoredCandidate:
    """One candidate with its scores by name, and all of them as one number."""

    frames: Frames
    seed: int
    scores: tuple[tuple[str, float], ...]
    total: float


def score_candidate(
    frames: Frames, seed: int, opening: OpeningFrame, asked: Motion, clip_score: float | None
) -> ScoredCandidate:
    """Score a clip by its first frame, its flicker, its motion and, where known, CLIP.

    first_frame is the PSNR in decibels, where the picture shows what it is to be; flicker is a
    share of full scale; motion is 1 for the one that was asked for; shake is a share of the side.
    Where a path of keyframes was asked for (AUTO) neither of the last two is scored: its changes of
    direction are wanted.
    """
    first_frame = quality.psnr(frames[0][opening.known], opening.frame[opening.known])
    tracked = motion.track(frames)
    flicker, measured = quality.flicker(tracked), motion.measure(tracked)
    scores = {"first_frame": first_frame, "flicker": flicker}
    # Thirty decibels, no flicker and the right motion count about the same.
    total = min(first_frame, 30.0) / 30.0 - 8.0 * flicker
    if asked is not Motion.AUTO:
        scores |= {"shake": measured.shake, "motion": motion_score(measured, asked)}
        total += scores["motion"]
    if clip_score is not None:
        scores["clip"] = clip_score
        total += 4.0 * clip_score
    return ScoredCandidate(frames, seed, tuple(scores.items()), total)


def motion_score(measured: motion.MeasuredMotion, asked: Motion) -> float:
    """Return 1 where the motion that was asked for is the only one, less where it is mixed."""
    if asked in (Motion.STATIC, Motion.DRIFT):
        largest = max(measured.shares.values())
        limit = 0.15 if asked is Motion.STATIC else 0.6
        return float(np.clip(1.0 - max(0.0, largest - limit), 0.0, 1.0))
    wanted = measured.shares[asked]
    others = max(share for kind, share in measured.shares.items() if kind is not asked)
    if wanted <= 0.0:
        return 0.0
    return float(np.clip(wanted / (wanted + max(0.0, others)), 0.0, 1.0))


def reported_scores(
    candidates: Sequence[ScoredCandidate], chosen: ScoredCandidate
) -> tuple[tuple[str, float], ...]:
    """Return the chosen one's scores and, of several, each candidate's total by its seed."""
    if len(candidates) < 2:
        return chosen.scores
    totals = [(f"seed_{one.seed}", one.total) for one in candidates]
    return (*chosen.scores, *totals)


def load_clip_scorer(folder: Path, device: torch.device) -> ClipScorer:
    """Load a CLIP model that scores frames against a prompt.

    Its weights are on the device only while it scores; where they do not fit there, it scores on
    the host.
    """
    from transformers import CLIPModel, CLIPProcessor  # noqa: PLC0415  # slow, and seldom used

    model: Any = CLIPModel.from_pretrained(str(folder))
    offloaded = OffloadedModules([model.eval()], device)
    processor: Any = CLIPProcessor.from_pretrained(str(folder))

    @torch.inference_mode()
    def score(frames: Frames, prompt: str) -> float:
        chosen = np.linspace(0, len(frames) - 1, min(CLIP_FRAMES, len(frames))).astype(int)
        images = [Image.fromarray(frame) for frame in frames[chosen]]
        inputs = processor(
            text=[prompt], images=images, return_tensors="pt", padding=True, truncation=True
        )

        def similarity(place: torch.device) -> float:
            outputs = model(**{name: tensor.to(place) for name, tensor in inputs.items()})
            return float((outputs.image_embeds @ outputs.text_embeds.T).mean())

        return offloaded.run(similarity)

    return score
