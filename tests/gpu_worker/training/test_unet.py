"""The denoiser starts as nothing added, learns on crops of pairs, and resumes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from gpu_worker.training import text, unet
from gpu_worker.training.pairs import Bank
from gpu_worker.training.prompts import Prompts, families
from gpu_worker.training.run import Run
from gpu_worker.training.sampling import sample

RECIPE = unet.Recipe(crops=((8, 8, 2, 1.0),))


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
        rows.append((truth, truth * 0.8, torch.randn(text.WIDTH, generator=noise), seed))
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
    one, two = (unet.draw(bank, words, RECIPE, 5) for _ in range(2))
    assert one.truth.equal(two.truth)
    assert one.tokens.equal(two.tokens)
    assert one.truth.shape[-2:] == (8, 8)
    assert one.truth.shape == one.moved.shape


def test_training_steps_and_resumes(bank: Bank, tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    encoder = text.build(tokenizer)
    words = (Prompts(families()), tokenizer)
    batch = unet.draw(bank, words, RECIPE, 1)
    trainer = unet.Trainer(Run(tmp_path, "unet", seconds=60.0), RECIPE, torch.device("cpu"))
    losses = []
    for _ in range(8):
        losses.append(float(trainer.step(encoder, batch).value.detach()))
        trainer.run.tick()
    assert np.isfinite(losses).all()
    trainer.save(force=True)
    again = unet.Trainer(Run(tmp_path, "unet", seconds=60.0), RECIPE, torch.device("cpu"))
    assert again.run.step == 8
    assert all(
        one.equal(two)
        for one, two in zip(again.model.parameters(), trainer.model.parameters(), strict=True)
    )


def test_the_schedule_starts_at_pure_noise() -> None:
    clock = unet.scheduler()
    clock.set_timesteps(8)
    assert int(clock.timesteps[0]) == 999
    assert float(clock.alphas_cumprod[999]) < 1e-6
