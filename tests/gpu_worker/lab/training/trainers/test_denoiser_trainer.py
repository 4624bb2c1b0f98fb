"""The denoiser starts as nothing added, learns on crops of pairs, and resumes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.batches import BatchSampler
from gpu_worker.lab.training.networks import text_encoder
from gpu_worker.lab.training.trainers import training_run
from gpu_worker.lab.training.trainers.denoiser_trainer import DenoiserTrainer
from gpu_worker.lab.training.trainers.training_run import TrainingRun

pytestmark = pytest.mark.usefixtures("small_networks")


def test_training_steps_and_resumes(
    sampler: BatchSampler,
    tokenizer: CLIPTokenizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training_run, "SAVE_EVERY", 0.0)
    encoder, cpu = text_encoder.build(tokenizer), torch.device("cpu")
    batch = sampler.draw(1)
    first = DenoiserTrainer(TrainingRun(tmp_path, "unet", seconds=60.0), encoder, cpu)
    losses = []
    for _ in range(8):
        losses.append(float(first.step(batch).value.detach()))
    assert np.isfinite(losses).all()
    first.save()
    again = DenoiserTrainer(TrainingRun(tmp_path, "unet", seconds=60.0), encoder, cpu)
    assert again.run.step == 8
    assert all(
        one.equal(two)
        for one, two in zip(again.model.parameters(), first.model.parameters(), strict=True)
    )


def test_training_ends_when_its_time_is_up(
    sampler: BatchSampler, tokenizer: CLIPTokenizer, tmp_path: Path
) -> None:
    run = TrainingRun(tmp_path, "unet", seconds=0.1)
    encoder = text_encoder.build(tokenizer)
    DenoiserTrainer(run, encoder, torch.device("cpu")).train(sampler)
    assert run.done
    assert f"unet,{run.step}," in (tmp_path / "losses.csv").read_text()
    assert run.state_file.exists()
