"""Image encoder: features that tell pictures apart, trained on two views of each picture."""

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from gpu_worker.lab.training.data import augmentation as scenes
from gpu_worker.lab.training.data.image_dataset import Gallery, Pixels
from gpu_worker.lab.training.data.loader import ahead
from gpu_worker.lab.training.networks.model_types import ImageEncoder
from gpu_worker.lab.training.networks.text_encoder import WIDTH
from gpu_worker.lab.training.trainers import muon
from gpu_worker.lab.training.trainers.training_run import Run

SIDE = 64
TEMPERATURE = 10.0
SEED = 29


def processor() -> CLIPImageProcessor:
    """Make the preprocessing that the image encoder expects."""
    return CLIPImageProcessor(
        size={"shortest_edge": SIDE},
        crop_size={"height": SIDE, "width": SIDE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )


def build() -> ImageEncoder:
    """Make an untrained image encoder."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=WIDTH,
            intermediate_size=WIDTH * 4,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=SIDE,
            patch_size=8,
            projection_dim=WIDTH,
        )
    )


def embed(model: ImageEncoder, pictures: Pixels) -> Tensor:
    """Give embeddings (n, WIDTH) of pictures (n, SIDE, SIDE, 3)."""
    values = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    embeds: Tensor = model(values.to(model.device)).image_embeds
    return embeds


def train(run: Run, gallery: Gallery, batch: int = 24) -> ImageEncoder:
    """Train until time is up: the views of one picture are near, those of others far."""
    torch.manual_seed(SEED)
    model = build()
    state = run.resume()
    if state is not None:
        model.load_state_dict(state["model"])
    optimizers = muon.optimizers(model.named_parameters(), 1e-3)

    def make(rng: np.random.Generator) -> tuple[Pixels, Pixels]:
        chosen = rng.choice(len(gallery.pictures), batch, replace=False)
        pictures = [gallery.pictures[number] for number in chosen]
        first, second = (np.stack([_view(p, rng) for p in pictures]) for _ in range(2))
        return first, second

    for first, second in ahead(make, SEED, run.step):
        one, two = (nn.functional.normalize(embed(model, v), dim=-1) for v in (first, second))
        closeness = one @ two.T * TEMPERATURE
        right = torch.arange(batch)
        cross = nn.functional.cross_entropy
        loss = cross(closeness, right) + cross(closeness.T, right)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        muon.clipped_step(optimizers, run.rate(1e-3), 1.0)
        goes_on = run.tick()
        if run.step % 50 == 0 or not goes_on:
            run.log(loss=float(loss.detach()))
        run.save({"model": model.state_dict()}, force=not goes_on)
        if not goes_on:
            return model
    raise AssertionError("the feed never ends")


def _view(picture: Pixels, rng: np.random.Generator) -> Pixels:
    return scenes.varied(scenes.window(picture, SIDE, rng, whole=SIDE), rng)
