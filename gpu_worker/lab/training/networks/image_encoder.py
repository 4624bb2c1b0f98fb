"""The image encoder: a picture to one embedding, and the preprocessing that it expects."""

from torch import Tensor
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from gpu_worker.lab.training.networks.autoencoder import to_tensor
from gpu_worker.lab.training.networks.text_encoder import WIDTH
from gpu_worker.media.frames import Frame, Frames
from gpu_worker.media.picture import centre_window
from gpu_worker.media.warp import fit

SIDE = 64


def build() -> CLIPVisionModelWithProjection:
    """Build an untrained image encoder."""
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


def build_processor() -> CLIPImageProcessor:
    """Build the preprocessing that the image encoder expects."""
    return CLIPImageProcessor(
        size={"shortest_edge": SIDE},
        crop_size={"height": SIDE, "width": SIDE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )


def embed(model: CLIPVisionModelWithProjection, pictures: Frames) -> Tensor:
    """Return the embeddings (n, WIDTH) of pictures (n, SIDE, SIDE, 3)."""
    embeds: Tensor = model(to_tensor(pictures).to(model.device)).image_embeds
    return embeds


def embed_centre(model: CLIPVisionModelWithProjection, picture: Frame) -> Tensor:
    """Return the embedding (1, WIDTH) of a picture's centre square."""
    window = centre_window(picture.shape[1], picture.shape[0], 1.0)
    return embed(model, fit(picture, window, (SIDE, SIDE))[None])
