"""The latent dataset: training clips encoded once, kept as half-precision latents on disk."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from gpu_worker.lab.training.data import clip_pairs
from gpu_worker.lab.training.data.clip_pairs import ClipPair
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.networks import image_encoder
from gpu_worker.lab.training.networks.autoencoder import FACTOR
from gpu_worker.lab.training.networks.text_encoder import MOTIONS
from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl import autoencoder

SHARD = 8  # pairs a file
FRAMES = 16
SIZES = ((128, 128),) * 8 + ((160, 96), (96, 160), (192, 128), (128, 192))
SEED = 32
MOST_PAIRS = 8000
LEAST_UNCOVERED = 0.02


@dataclass(frozen=True)
class LatentPair:
    """A clip's truth and the moved picture as latents (4, f, h, w), in half precision.

    With them go the picture's embedding, the motion's number and the share of each latent that
    lies beyond the moved picture (f, h, w).
    """

    truth: Tensor
    moved: Tensor
    embedding: Tensor
    motion: int
    uncovered: Tensor


@torch.no_grad()
def _encode(
    pair: ClipPair, vae: AutoencoderKL, encoder: CLIPVisionModelWithProjection
) -> LatentPair:
    """Encode one clip's frames and its first picture."""
    truth, moved = (
        autoencoder.encode(vae, frames, 4).half().cpu() for frames in (pair.truth, pair.moved)
    )
    embedding = image_encoder.embed_centre(encoder, pair.moved[0])[0].cpu()
    return LatentPair(truth, moved, embedding, MOTIONS.index(pair.motion), uncovered_share(pair))


def uncovered_share(pair: ClipPair) -> Tensor:
    """Return the share (f, h, w) of each latent that lies beyond the moved picture."""
    return torch.nn.functional.avg_pool2d(torch.from_numpy(pair.uncovered), FACTOR).half()


def fill(
    folder: Path,
    count: int,
    images: ImageDataset,
    vae: AutoencoderKL,
    encoder: CLIPVisionModelWithProjection,
    *,
    look: Callable[[Frames], Frames] = lambda frames: frames,
) -> None:
    """Add shards of encoded pairs until the folder holds `count` pairs; look is what truth has."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count // SHARD):
        path = folder / f"{number:05}.pt"
        if path.exists():
            continue
        rng = np.random.default_rng((SEED, number))
        sizes = (SIZES[rng.integers(len(SIZES))] for _ in range(SHARD))
        drawn = [clip_pairs.draw(images, rng, size, FRAMES) for size in sizes]
        pairs = [_encode(replace(one, truth=look(one.truth)), vae, encoder) for one in drawn]
        partial = path.with_suffix(".partial")
        torch.save([tuple(vars(pair).values()) for pair in pairs], partial)
        partial.replace(path)


class LatentDataset:
    """The pairs read so far; grows while another process fills the folder.

    Pairs that uncover a smaller share than LEAST_UNCOVERED are left out: they have next to nothing
    to teach, and there are many of them.
    """

    def __init__(self, folder: Path):
        """Read what is there."""
        self.pairs: list[LatentPair] = []
        self._folder, self._read = folder, set[str]()
        self.refresh()

    def refresh(self) -> None:
        """Read new shards, and drop the oldest pairs when there are too many."""
        for path in sorted(self._folder.glob("*.pt")):
            if path.name not in self._read:
                self._read.add(path.name)
                pairs = [LatentPair(*row) for row in torch.load(path, weights_only=True)]
                self.pairs += [
                    pair
                    for pair in pairs
                    if float(pair.uncovered.float().mean()) >= LEAST_UNCOVERED
                ]
        del self.pairs[: max(len(self.pairs) - MOST_PAIRS, 0)]
