"""The denoiser: a small I2VGenXLUNet whose first answer is the moved picture as it is."""

import types

import torch
from diffusers import DDIMScheduler, I2VGenXLUNet
from torch import Tensor, nn

from gpu_worker.lab.training.networks import text_encoder as text
from gpu_worker.lab.training.networks.model_types import Clock, Denoiser

CHANNELS = (48, 96, 128)
HEAD = 16


def build() -> Denoiser:
    """Make an untrained denoiser whose first answer is nothing: the moved picture as it is."""
    plain, crossed = "3D", "CrossAttn"
    make: Denoiser = I2VGenXLUNet
    unet = make(
        sample_size=32,
        block_out_channels=CHANNELS,
        down_block_types=(f"DownBlock{plain}", f"DownBlock{plain}", f"{crossed}DownBlock{plain}"),
        up_block_types=(f"{crossed}UpBlock{plain}", f"UpBlock{plain}", f"UpBlock{plain}"),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=text.WIDTH,
        attention_head_dim=HEAD,
    )
    nn.init.zeros_(unet.conv_out.weight)
    _open(unet)
    for part in unet.modules():
        if isinstance(part, nn.Conv3d):
            # Every one is (3, 1, 1): the same sum as a flat convolution, which is quicker.
            part.forward = types.MethodType(_flat, part)  # type: ignore[method-assign] # meant
        if isinstance(part, nn.Conv2d):
            layout = torch.channels_last
            part.weight.data = part.weight.data.contiguous(memory_format=layout)
    return unet.eval()


@torch.no_grad()
def _open(unet: Denoiser) -> None:
    """Let the image latents pass unchanged at first.

    By the usual initialisation they arrive a hundred times weaker than the noise beside them, and
    the net learns to do without: silu(x) - silu(-x) = x, so pairs of channels carry them whole.
    """
    first, _, second, _, third = unet.image_latents_proj_in
    for conv in (first, second, third):
        conv.bias.zero_()
        conv.weight[:, :, 1, 1] = 0
    first.weight[:8], second.weight[:8], third.weight[:] = 0, 0, 0
    for channel in range(4):
        plus, minus = 2 * channel, 2 * channel + 1
        first.weight[plus, channel, 1, 1], first.weight[minus, channel, 1, 1] = 1, -1
        second.weight[plus, plus, 1, 1], second.weight[plus, minus, 1, 1] = 1, -1
        second.weight[minus, plus, 1, 1], second.weight[minus, minus, 1, 1] = -1, 1
        third.weight[channel, plus, 1, 1], third.weight[channel, minus, 1, 1] = 1, -1
    # At pure noise the picture alone says anything, so it speaks louder from the first layer on.
    unet.conv_in.weight[:, :4] *= 0.2
    unet.conv_in.weight[:, 4:] *= 2.0
    encoder = unet.image_latents_temporal_encoder
    for layer in (encoder.attn1.to_out[0], encoder.ff.net[2]):
        layer.weight.zero_()
        layer.bias.zero_()


def _flat(part: nn.Conv3d, x: Tensor) -> Tensor:
    """Convolve (b, c, f, h, w) along the frames alone."""
    b, _, f, h, w = x.shape
    weight = part.weight[..., 0]
    flat = nn.functional.conv2d(x.flatten(3), weight, part.bias, padding=(1, 0))
    return flat.reshape(b, -1, f, h, w)


def scheduler() -> Clock:
    """Make the noise schedule: it starts at pure noise and predicts the clean residual."""
    make: Clock = DDIMScheduler
    return make(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        clip_sample=False,
        set_alpha_to_one=True,
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )
