"""The denoiser: trained to give what the moved picture lacks, from pure noise."""

import copy
import types
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DDIMScheduler, I2VGenXLUNet
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from gpu_worker.training import muon, text
from gpu_worker.training.feed import ahead
from gpu_worker.training.kinds import Clock, Denoiser
from gpu_worker.training.pairs import Bank, Pair
from gpu_worker.training.prompts import Prompts, families
from gpu_worker.training.run import Run

CHANNELS = (48, 96, 128)
HEAD = 16
FPS = (4.0, 8.0, 8.0, 8.0, 12.0, 16.0, 24.0)
DROPPED = 0.1
SEED = 37


@dataclass(frozen=True)
class Recipe:
    """How the denoiser trains.

    crops: (side in latents, frames, clips a batch, share of the batches). Small crops at the
    edges of half of the frames teach the most for their cost; whole clips keep what ships in view.
    """

    crops: tuple[tuple[int, int, int, float], ...] = ((16, 8, 3, 0.85), (48, 8, 1, 0.15))
    peak: float = 2e-3
    residual_scale: float = 0.3
    blind: float = 0.75
    averaging: float = 0.998


@dataclass(frozen=True)
class Batch:
    """One training batch: latents (b, 4, f, h, w) and what the denoiser is told beside them."""

    truth: Tensor
    moved: Tensor
    embedding: Tensor
    tokens: Tensor
    fps: Tensor


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


def draw(bank: Bank, words: tuple[Prompts, CLIPTokenizer], recipe: Recipe, seed: int) -> Batch:
    """Draw a batch of equal crops; number `seed` decides all of it."""
    rng = np.random.default_rng((SEED, seed))
    shares = np.array([share for *_, share in recipe.crops])
    side, length, count, _ = recipe.crops[rng.choice(len(shares), p=shares / shares.sum())]
    pairs = [bank.pairs[number] for number in rng.integers(len(bank.pairs), size=count)]
    crops = [_crop(pair, side, length, rng) for pair in pairs]
    prompts, tokenizer = words
    texts = [prompts.draw(rng, text.MOTIONS[pair.motion]).text for pair in pairs]
    texts = ["" if rng.random() < DROPPED else prompt for prompt in texts]
    seen = torch.tensor([[float(rng.random() >= DROPPED)] for _ in pairs])
    return Batch(
        torch.stack([crop[0] for crop in crops]).float(),
        torch.stack([crop[1] for crop in crops]).float(),
        torch.stack([pair.embedding for pair in pairs]) * seen,
        text.tokens(tokenizer, texts),
        torch.tensor([FPS[rng.integers(len(FPS))] for _ in pairs]),
    )


def _crop(pair: Pair, side: int, length: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Cut the same window and frames, next to each other or every second, out of both."""
    _, frames, height, width = pair.truth.shape
    down, across = min(side, height), min(side, width)
    top, left = _place(height - down, rng), _place(width - across, rng)
    stride = 2 if length * 2 <= frames and rng.random() < 0.7 else 1
    start = rng.integers(0, frames - (length - 1) * stride)
    cut = (slice(None), slice(start, start + (length - 1) * stride + 1, stride))
    window = (slice(top, top + down), slice(left, left + across))
    return pair.truth[cut + window], pair.moved[cut + window]


def _place(room: int, rng: np.random.Generator) -> int:
    """Draw where a crop begins: mostly at an edge, where camera paths uncover what is unknown."""
    chance = rng.random()
    return 0 if chance < 0.35 else room if chance < 0.7 else int(rng.integers(0, room + 1))


@dataclass(frozen=True)
class Loss:
    """The loss; at pure noise also the squared residual that is left and that was there."""

    value: Tensor
    left: float
    first: float


def loss_of(
    unet: Denoiser, encoder: CLIPTextModel, batch: Batch, recipe: Recipe, noise: torch.Generator
) -> Loss:
    """Give the loss of predicting the residual from a noised one."""
    clean = (batch.truth - batch.moved) / recipe.residual_scale
    count = clean.shape[0]
    times = torch.randint(0, 999, (count,), generator=noise)
    # Sampling starts at pure noise, so that moment is trained more than any other.
    blind = torch.rand(count, generator=noise) < recipe.blind
    times = torch.where(blind, 999, times).to(clean.device)
    grain = torch.randn(clean.shape, generator=noise).to(clean.device)
    noised = scheduler().add_noise(clean, grain, times)
    with torch.no_grad():
        context = encoder(batch.tokens).last_hidden_state
    out = unet(noised, times, batch.fps, batch.moved, batch.embedding, context).sample
    left = (out - clean).square().mean((1, 2, 3, 4))
    first = clean.square().mean((1, 2, 3, 4))
    blind = blind.to(clean.device)
    shares = float(left.detach()[blind].sum()), float(first[blind].sum())
    return Loss(left.mean(), *shares)


@torch.no_grad()
def averaged(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Move the running average of the weights towards the model."""
    for kept, new in zip(average.parameters(), model.parameters(), strict=True):
        kept.lerp_(new, 1 - keep)


class Trainer:
    """Trains the denoiser on a bank of pairs that may grow meanwhile."""

    def __init__(self, run: Run, recipe: Recipe, device: torch.device):
        """Build or resume the denoiser, its running average and the optimizers."""
        torch.manual_seed(SEED)
        self.run, self.recipe, self.device = run, recipe, device
        self.model = build().to(device)
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.optimizers = muon.optimizers(self.model.named_parameters(), recipe.peak)
        state = run.resume()
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)

    def step(self, encoder: CLIPTextModel, batch: Batch) -> Loss:
        """Take one training step; give its loss."""
        noise = torch.Generator().manual_seed(SEED + self.run.step)
        half = torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda")
        with half:
            loss = loss_of(self.model, encoder, self._moved(batch), self.recipe, noise)
        loss.value.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        muon.clipped_step(self.optimizers, self.run.rate(self.recipe.peak), 1.0)
        keep = min(self.recipe.averaging, (1 + self.run.step) / (10 + self.run.step))
        averaged(self.average, self.model, keep)
        return loss

    def save(self, force: bool) -> bool:
        """Save where it is due."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        return self.run.save(state, force)

    def _moved(self, batch: Batch) -> Batch:
        return Batch(*(value.to(self.device) for value in vars(batch).values()))


def train(
    trainer: Trainer, bank: Bank, encoder: CLIPTextModel, tokenizer: CLIPTokenizer
) -> Denoiser:
    """Train until time is up; give the averaged denoiser."""
    words = (Prompts(families()), tokenizer)
    run = trainer.run
    recent: list[Loss] = []

    def make(rng: np.random.Generator) -> Batch:
        return draw(bank, words, trainer.recipe, int(rng.integers(2**31)))

    for batch in ahead(make, SEED, run.step):
        recent.append(trainer.step(encoder, batch))
        goes_on = run.tick()
        if run.step % 25 == 0 or not goes_on:
            log(run, recent, len(bank.pairs))
            recent = []
            bank.refresh()
        trainer.save(force=not goes_on)
        if not goes_on:
            return trainer.average
    raise AssertionError("the feed never ends")


def log(run: Run, recent: list[Loss], pairs: int) -> None:
    """Log the mean loss and, at pure noise, its share of the loss of adding nothing."""
    loss = float(np.mean([one.value.item() for one in recent]))
    left, first = sum(one.left for one in recent), sum(one.first for one in recent)
    run.log(loss=loss, left=left / max(first, 1e-9), pairs=float(pairs))
