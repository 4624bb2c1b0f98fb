"""A checkpoint's modules with random weights, for tests of plumbing and for the benchmark."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from torch import nn
from transformers.models.clip.configuration_clip import CLIPTextConfig, CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPTextModel, CLIPVisionModelWithProjection


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The shape of a checkpoint.

    channels are those of the UNet's levels, from the full size down, and attention tells which of
    them have transformers. head is the width of an attention head, layers those of a level, groups
    those of group norms, context the width of the UNet's context. text and vision are the encoders'
    (width, layers), vae the autoencoder's channels. vocabulary and tokens bound the text, crop is
    the side of the image encoder's picture in pixels.
    """

    channels: tuple[int, ...]
    head: int
    attention: tuple[bool, ...]
    layers: int
    groups: int
    context: int
    text: tuple[int, int]
    vision: tuple[int, int]
    vae: tuple[int, ...]
    vocabulary: int = 784
    tokens: int = 24
    crop: int = 64


TINY = ModelSize(
    (8, 16), 4, (True, True), 1, 4, 16, (16, 2), (16, 2), (8, 8, 8), tokens=16, crop=32
)  # fmt: skip
MIDDLE = ModelSize(
    (96, 192, 384, 384), 32, (True, True, True, False), 2, 32, 256,
    (128, 3), (128, 3), (32, 64, 64),
)  # fmt: skip
FULL = ModelSize(
    (320, 640, 1280, 1280), 64, (True, True, True, False), 2, 32, 1024,
    (1024, 24), (1280, 32), (128, 256, 512, 512), vocabulary=49408, tokens=77, crop=224,
)  # fmt: skip


def random_unet(size: ModelSize) -> I2VGenXLUNet:
    """Build a UNet with random weights."""
    down = ["CrossAttnDownBlock3D" if crossed else "DownBlock3D" for crossed in size.attention]
    up = ["CrossAttnUpBlock3D" if crossed else "UpBlock3D" for crossed in size.attention[::-1]]
    return I2VGenXLUNet(
        down_block_types=tuple(down),
        up_block_types=tuple(up),
        block_out_channels=size.channels,
        layers_per_block=size.layers,
        norm_num_groups=size.groups,
        cross_attention_dim=size.context,
        attention_head_dim=size.head,
    ).eval()


def random_vae(size: ModelSize) -> AutoencoderKL:
    """Build an autoencoder with four latent channels."""
    levels = len(size.vae)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=size.vae,
        layers_per_block=2 if size.crop > 64 else 1,
        norm_num_groups=size.groups,
        mid_block_add_attention=size.crop > 64,
    ).eval()


def random_text_encoder(size: ModelSize) -> CLIPTextModel:
    """Build a text encoder as wide as the UNet's context."""
    width, layers = size.text
    config = CLIPTextConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.context,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=max(1, size.context // 64),
        max_position_embeddings=size.tokens,
        bos_token_id=size.vocabulary - 2,
        eos_token_id=size.vocabulary - 1,
        hidden_act="gelu",
    )
    return CLIPTextModel(config).eval()


def random_image_encoder(size: ModelSize) -> CLIPVisionModelWithProjection:
    """Build an image encoder whose projection is as wide as the UNet's context."""
    width, layers = size.vision
    config = CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=max(1, width // 80),
        image_size=size.crop,
        patch_size=size.crop // 4 if size.crop < 224 else 14,
        projection_dim=size.context,
        hidden_act="gelu",
    )
    return CLIPVisionModelWithProjection(config).eval()


def randomize_zeros(model: nn.Module) -> None:
    """Give parameters that start at zero random values, so that every layer matters."""
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0.0, 0.02)
