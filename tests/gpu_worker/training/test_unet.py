"""The denoiser starts as nothing added, learns on crops of pairs, and resumes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from gpu_worker.training import autoencoder, batches, losses, text, trainer, unet
from gpu_worker.training.pairs import Bank
from gpu_worker.training.prompts import Prompts, families
from gpu_worker.training.run import Run
from gpu_worker.training.sampling import sample

RECIPE = batches.Recipe(crops=((8, 8, 2, 1.0),))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the denoiser as small as its classes allow."""
    monkeypatch.setattr(unet, "CHANNELS", (8, 16, 16))
    monkeypatch.setattr(unet, "HEAD", 8)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """Write one shard of random latents and read it."""
    rows = []
    for seed in range(3):
        noise = torch.Generator().manual_seed(seed)
        truth = torch.randn(4, 16, 16, 16, generator=noise).half()
        shown = torch.randint(0, 256, (16, 64, 64, 3), generator=noise).to(torch.uint8)
        embedding = torch.randn(text.WIDTH, generator=noise)
        rows.append((truth, truth * 0.8, embedding, seed, shown, shown))
    folder = tmp_path / "pairs"
    folder.mkdir()
    torch.save(rows, folder / "00000.pt")
    return Bank(folder)


@pytest.fixture
def tokenizer(tmp_path: Path) -> CLIPTokenizer:
    """Train a tokenizer on almost nothing."""
    return text.train_tokenizer(tmp_path / "tokenizer", ["zoom in", "pan left"])


def test_an_untrained_denoiser_gives_the_moved_picture() -> None:
    torch.manual_seed(0)
    moved = torch.randn(1, 4, 8, 8, 8)
    told = (torch.randn(1, text.WIDTH), torch.randn(1, 4, text.WIDTH))
    made = sample(unet.build(), moved, told, scale=0.2, steps=2)
    assert torch.allclose(made, moved, atol=0.01)


def test_a_batch_depends_on_its_number_alone(bank: Bank, tokenizer: CLIPTokenizer) -> None:
    words = (Prompts(families()), tokenizer)
    one, two = (batches.draw(bank, words, RECIPE, 5) for _ in range(2))
    assert one.truth.equal(two.truth)
    assert one.tokens.equal(two.tokens)
    assert one.truth.shape[-2:] == (8, 8)
    assert one.truth.shape == one.moved.shape


def test_training_steps_and_resumes(bank: Bank, tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    encoder = text.build(tokenizer)
    words = (Prompts(families()), tokenizer)
    batch = batches.draw(bank, words, RECIPE, 1)
    training = trainer.Trainer(Run(tmp_path, "unet", seconds=60.0), RECIPE, torch.device("cpu"))
    losses = []
    for _ in range(8):
        losses.append(float(training.step(encoder, batch).value.detach()))
        training.run.tick()
    assert np.isfinite(losses).all()
    training.save(force=True)
    again = trainer.Trainer(Run(tmp_path, "unet", seconds=60.0), RECIPE, torch.device("cpu"))
    assert again.run.step == 8
    assert all(
        one.equal(two)
        for one, two in zip(again.model.parameters(), training.model.parameters(), strict=True)
    )


def test_nothing_added_finishes_as_the_moved_picture_itself() -> None:
    torch.manual_seed(0)
    vae = autoencoder.build().eval()
    latents, moved = torch.randn(1, 4, 3, 8, 8), torch.rand(1, 3, 3, 32, 32) * 2 - 1
    made = losses.finished(vae, latents, torch.zeros_like(latents), moved)
    assert torch.allclose(made, moved, atol=1e-5)


def test_a_bold_change_is_shown_without_the_old_detail() -> None:
    torch.manual_seed(0)
    vae = autoencoder.build().eval()
    latents, moved = torch.randn(1, 4, 3, 8, 8), torch.rand(1, 3, 3, 32, 32) * 2 - 1
    change = torch.full_like(latents, 2.0)
    made = losses.finished(vae, latents, change, moved)
    plain = autoencoder.decode(vae, (latents + change)[0].transpose(0, 1))
    assert torch.allclose(made[0], plain, atol=1e-4)


def test_refining_begins_with_the_average_and_learns_from_pixels(
    bank: Bank, tokenizer: CLIPTokenizer, tmp_path: Path
) -> None:
    device = torch.device("cpu")
    first = trainer.Trainer(Run(tmp_path, "unet", seconds=60.0), RECIPE, device)
    first.save(force=True)
    judge = losses.of_pixels(autoencoder.build().eval().requires_grad_(False))
    run, begin = Run(tmp_path, "refine", seconds=60.0), tmp_path / "unet.pt"
    training = trainer.Trainer(run, RECIPE, device, judge, begin)
    before = [part.clone() for part in training.model.parameters()]
    assert all(one.equal(two) for one, two in zip(before, first.average.parameters(), strict=True))
    batch = batches.draw(bank, (Prompts(families()), tokenizer), RECIPE, 1)
    found = [training.step(text.build(tokenizer), batch)]
    run.tick()
    found.append(training.step(text.build(tokenizer), batch))
    assert all(np.isfinite(float(one.value.detach())) for one in found)
    now = training.model.conv_out.weight
    assert not now.equal(first.average.conv_out.weight)


def test_the_schedule_starts_at_pure_noise() -> None:
    clock = unet.scheduler()
    clock.set_timesteps(8)
    assert int(clock.timesteps[0]) == 999
    assert float(clock.alphas_cumprod[999]) < 1e-6
