"""Tiny image-to-video pipelines of diffusers with random weights, saved as their authors' are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTH = 32


def save(folder: Path, name: str) -> Path:
    """Write the pipeline of this class into a folder."""
    torch.manual_seed(0)
    parts = PARTS[name]()
    getattr(diffusers, name)(**parts).save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁", -2.0)]
    vocabulary += [(letter, -3.0) for letter in LETTERS]
    return transformers.T5Tokenizer(vocab=vocabulary, extra_ids=0)


def _text(kind: str = "T5") -> Any:
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=64, d_model=WIDTH, d_kv=8, d_ff=37, num_layers=1, num_heads=2
    )
    return getattr(transformers, f"{kind}EncoderModel")(config)


def _vision() -> Any:
    config = transformers.CLIPVisionConfig(
        hidden_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=4,
        image_size=224,  # that of the real one, which the pipeline knows
        intermediate_size=37,
        patch_size=32,
    )
    return transformers.CLIPVisionModelWithProjection(config)


def _wan(*, in_latents: bool) -> dict[str, Any]:
    """Return Wan2.2's parts, to which the picture is the latents' first frame or more channels."""
    vae = diffusers.AutoencoderKLWan(
        base_dim=8,
        decoder_base_dim=8,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
        is_residual=True,
        patch_size=2,
        in_channels=12,
        out_channels=12,
        scale_factor_spatial=16,
    )
    transformer = diffusers.WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=4 if in_latents else 12,
        out_channels=4,
        text_dim=WIDTH,
        freq_dim=16,
        ffn_dim=16,
        num_layers=1,
        rope_max_seq_len=32,
    )
    return {
        "tokenizer": _tokenizer(),
        "text_encoder": _text("UMT5"),
        "vae": vae,
        "transformer": transformer,
        "scheduler": diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0
        ),
        "expand_timesteps": in_latents,
    }


def _ltx() -> dict[str, Any]:
    scaling = (True, True, True, False)
    vae = diffusers.AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=scaling,
        decoder_spatio_temporal_scaling=scaling,
    )
    transformer = diffusers.LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=2,
        attention_head_dim=16,
        cross_attention_dim=WIDTH,
        num_layers=1,
        caption_channels=WIDTH,
    )
    return {
        "tokenizer": _tokenizer(),
        "text_encoder": _text(),
        "vae": vae,
        "transformer": transformer,
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(),
    }


def _cogvideox() -> dict[str, Any]:
    blocks = 4
    vae = diffusers.AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * blocks,
        up_block_types=("CogVideoXUpBlock3D",) * blocks,
        block_out_channels=(8,) * blocks,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
    )
    transformer = diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=8,
        out_channels=4,
        time_embed_dim=2,
        text_embed_dim=WIDTH,
        num_layers=1,
        sample_width=12,
        sample_height=8,
        sample_frames=9,
        use_rotary_positional_embeddings=True,
        use_learned_positional_embeddings=True,
    )
    return {
        "tokenizer": _tokenizer(),
        "text_encoder": _text(),
        "vae": vae,
        "transformer": transformer,
        "scheduler": diffusers.CogVideoXDDIMScheduler(),
    }


def _svd() -> dict[str, Any]:
    vae = diffusers.AutoencoderKLTemporalDecoder(
        block_out_channels=(32,) * 4, down_block_types=("DownEncoderBlock2D",) * 4
    )
    unet = diffusers.UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=WIDTH,
        num_attention_heads=(2, 4),
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
    )
    return {
        "vae": vae,
        "image_encoder": _vision(),
        "unet": unet,
        "scheduler": diffusers.EulerDiscreteScheduler(
            prediction_type="v_prediction",
            use_karras_sigmas=True,
            timestep_type="continuous",
            sigma_min=0.002,
            sigma_max=700.0,
        ),
        "feature_extractor": transformers.CLIPImageProcessor(
            crop_size={"height": 32, "width": 32}, size={"shortest_edge": 32}
        ),
    }


def _skyreels() -> dict[str, Any]:
    vae = diffusers.AutoencoderKLWan(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    transformer = diffusers.SkyReelsV2Transformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=12,
        out_channels=4,
        text_dim=WIDTH,
        freq_dim=16,
        ffn_dim=16,
        num_layers=1,
        image_dim=WIDTH,
        rope_max_seq_len=32,
    )
    return {
        "tokenizer": _tokenizer(),
        "text_encoder": _text("UMT5"),
        "image_encoder": _vision(),
        "image_processor": transformers.CLIPImageProcessor(),
        "transformer": transformer,
        "vae": vae,
        "scheduler": diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=5.0
        ),
    }


PARTS = {
    "WanPipeline": lambda: _wan(in_latents=True),
    "WanImageToVideoPipeline": lambda: _wan(in_latents=False),
    "LTXPipeline": _ltx,
    "CogVideoXImageToVideoPipeline": _cogvideox,
    "StableVideoDiffusionPipeline": _svd,
    "SkyReelsV2ImageToVideoPipeline": _skyreels,
}
"""Each pipeline that can be made, by the class that its folder names."""
