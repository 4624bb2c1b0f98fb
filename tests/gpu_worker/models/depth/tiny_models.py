"""Tiny depth estimators of random weights, in folders as transformers keeps them."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessorPil,
    GLPNConfig,
    GLPNForDepthEstimation,
    GLPNImageProcessorPil,
)


def write_depth_anything(folder: Path, kind: str = "relative") -> Path:
    """Write a Depth Anything that answers at 56 pixels."""
    torch.manual_seed(3)
    backbone = Dinov2Config(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=56,
        patch_size=14,
        out_features=["stage1", "stage2"],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=16,
        reassemble_factors=[2, 1],
        neck_hidden_sizes=[8, 16],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type=kind,
        max_depth=1,
    )
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 56, "width": 56}
    DPTImageProcessorPil(size=size, keep_aspect_ratio=False).save_pretrained(folder)
    return folder


def write_glpn(folder: Path) -> Path:
    """Write a GLPN, which answers with distances."""
    torch.manual_seed(4)
    config = GLPNConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 1, 2, 2],
        mlp_ratios=[2, 2, 2, 2],
        decoder_hidden_size=8,
    )
    GLPNForDepthEstimation(config).save_pretrained(folder)
    GLPNImageProcessorPil(size_divisor=32).save_pretrained(folder)
    return folder


def write_dpt(folder: Path, projection: bool) -> Path:
    """Write a DPT; one with a projection answers with distances."""
    torch.manual_seed(5)
    config = DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=256 if projection else 8,  # the projection has no other size
        is_hybrid=False,
        add_projection=projection,
    )
    DPTForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    DPTImageProcessorPil(size=size, keep_aspect_ratio=False).save_pretrained(folder)
    return folder
