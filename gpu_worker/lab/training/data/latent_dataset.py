"""The bank of pairs: training clips encoded once, kept as half-precision latents on disk."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gpu_worker.lab.training.data import clip_pairs as clips
from gpu_worker.lab.training.data.image_dataset import Gallery
from gpu_worker.lab.training.networks import autoencoder
from gpu_worker.lab.training.networks import image_encoder as vision
from gpu_worker.lab.training.networks.model_types import Autoencoder, ImageEncoder
from gpu_worker.lab.training.networks.text_encoder import MOTIONS
from gpu_worker.media.warp import fit

SHARD = 8
FACTOR = 4
"""How many pixels a latent is wide."""

FRAMES = 16
SIZES = ((128, 128),) * 8 + ((160, 96), (96, 160), (192, 128), (128, 192))
SEED = 32
LEAST = 0.02


@dataclass(frozen=True)
class Pair:
    """A clip's truth and the moved picture as latents (4, f, h, w).

    With them go the picture's embedding, the motion's number and the share of each latent that
    lies beyond the moved picture (f, h, w).
    """

    truth: Tensor
    moved: Tensor
    embedding: Tensor
    motion: int
    uncovered: Tensor


@torch.no_grad()
def encoded(pair: clips.Pair, encoder: Autoencoder, eye: ImageEncoder) -> Pair:
    """Encode one clip's frames and its first picture."""
    latents = []
    for frames in (pair.truth, pair.moved):
        values = autoencoder.tensor(frames).to(encoder.device)
        rows = [autoencoder.encode(encoder, part) for part in torch.split(values, 4)]
        latents.append(torch.cat(rows).permute(1, 0, 2, 3).half().cpu())
    seen = pair.moved[0]
    height, width = seen.shape[:2]
    side = min(height, width)
    window = ((width - side) / 2, (height - side) / 2, float(side), float(side))
    picture = fit(seen, window, (vision.SIDE, vision.SIDE))
    embedding = vision.embed(eye, picture[None])[0].cpu()
    return Pair(latents[0], latents[1], embedding, MOTIONS.index(pair.motion), shares(pair))


def shares(pair: clips.Pair) -> Tensor:
    """Give the share (f, h, w) of each latent that lies beyond the moved picture."""
    return torch.nn.functional.avg_pool2d(torch.from_numpy(pair.uncovered), FACTOR).half()


def fill(
    folder: Path,
    count: int,
    gallery: Gallery,
    parts: tuple[Autoencoder, ImageEncoder],
) -> None:
    """Add shards of encoded pairs until the folder holds `count` pairs."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count // SHARD):
        path = folder / f"{number:05}.pt"
        if path.exists():
            continue
        rng = np.random.default_rng((SEED, number))
        made = [_drawn(gallery, rng, parts) for _ in range(SHARD)]
        partial = path.with_suffix(".partial")
        torch.save([tuple(vars(one).values()) for one in made], partial)
        partial.replace(path)


def _drawn(
    gallery: Gallery,
    rng: np.random.Generator,
    parts: tuple[Autoencoder, ImageEncoder],
) -> Pair:
    size = SIZES[rng.integers(len(SIZES))]
    return encoded(clips.draw(gallery, rng, size, FRAMES), *parts)


class Bank:
    """The pairs read so far; grows while another process fills the folder.

    Pairs that uncover a smaller share than `LEAST` are left out: they have next to nothing to
    teach, and there are many of them.
    """

    def __init__(self, folder: Path, most: int = 8000):
        """Read what is there."""
        self.pairs: list[Pair] = []
        self._folder, self._most, self._read = folder, most, set[str]()
        self.refresh()

    def refresh(self) -> None:
        """Read the shards that came since; the oldest pairs leave when there are too many."""
        for path in sorted(self._folder.glob("*.pt")):
            if path.name not in self._read:
                self._read.add(path.name)
                rows = torch.load(path, weights_only=True)
                self.pairs.extend(pair for row in rows if _teaches(pair := Pair(*row)))
        del self.pairs[: max(len(self.pairs) - self._most, 0)]


def _teaches(pair: Pair) -> bool:
    return float(pair.uncovered.float().mean()) >= LEAST
