"""The denoiser: a small I2VGenXLUNet that predicts nothing at first, and its noise schedule."""

import types

import torch
from diffusers import DDIMScheduler, I2VGenXLUNet
from torch import Tensor, nn

from gpu_worker.lab.training.networks.text_encoder import WIDTH

CHANNELS = (48, 96, 128)
HEAD = 16


def build() -> I2VGenXLUNet:
    """Build an untrained denoiser, whose first prediction is no residual: the moved picture."""
    plain, crossed = "3D", "CrossAttn"
    unet = I2VGenXLUNet(
        sample_size=32,
        block_out_channels=CHANNELS,
        down_block_types=(f"DownBlock{plain}", f"DownBlock{plain}", f"{crossed}DownBlock{plain}"),
        up_block_types=(f"{crossed}UpBlock{plain}", f"UpBlock{plain}", f"UpBlock{plain}"),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=WIDTH,
        attention_head_dim=HEAD,
    )
    nn.init.zeros_(unet.conv_out.weight)
    _init_image_path(unet)
    for part in unet.modules():
        if isinstance(part, nn.Conv3d):
            # Every one is (3, 1, 1): the same sum as a flat convolution, which is quicker.
            part.forward = types.MethodType(_conv_over_time, part)  # type: ignore[method-assign] # meant
        if isinstance(part, nn.Conv2d):
            layout = torch.channels_last
            part.weight.data = part.weight.data.contiguous(memory_format=layout)
    return unet.eval()


@torch.no_grad()
def _init_image_path(unet: I2VGenXLUNet) -> None:
    """Start the path of the image latents as the identity.

    By the usual initialisation they arrive a hundred times weaker than the noise beside them, and
    the network learns to do without. silu(x) - silu(-x) = x, so pairs of channels carry them whole.
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
    # At pure noise only the picture holds information, so it weighs more from the first layer on.
    unet.conv_in.weight[:, :4] *= 0.2
    unet.conv_in.weight[:, 4:] *= 2.0
    encoder = unet.image_latents_temporal_encoder
    for layer in (encoder.attn1.to_out[0], encoder.ff.net[2]):
        layer.weight.zero_()
        layer.bias.zero_()


def _conv_over_time(part: nn.Conv3d, x: Tensor) -> Tensor:
    """Convolve (b, c, f, h, w) along the frames alone."""
    b, _, f, h, w = x.shape
    flat = nn.functional.conv2d(x.flatten(3), part.weight[..., 0], part.bias, padding=(1, 0))
    return flat.reshape(b, -1, f, h, w)


def build_scheduler() -> DDIMScheduler:
    """Build the noise schedule: it starts at pure noise, and the clean residual is predicted."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        clip_sample=False,
        set_alpha_to_one=True,
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )
