"""Each trainer trains until its time is up, logs, saves, and resumes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.trainers import autoencoder_trainer, image_trainer, text_trainer
from gpu_worker.lab.training.trainers.training_run import TrainingRun

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture(params=["autoencoder", "text", "vision"])
def stage(
    request: pytest.FixtureRequest, images: ImageDataset, tokenizer: CLIPTokenizer
) -> tuple[str, Callable[[TrainingRun], Any]]:
    """Return each stage's name and its training on small batches."""
    cpu = torch.device("cpu")
    trainers: dict[str, Callable[[TrainingRun], Any]] = {
        "autoencoder": lambda run: autoencoder_trainer.train(run, images, 2, cpu),
        "text": lambda run: text_trainer.train(run, tokenizer, held_out=False, batch=4),
        "vision": lambda run: image_trainer.train(run, images),
    }
    return request.param, trainers[request.param]


def test_a_stage_trains_a_few_steps_and_resumes(
    stage: tuple[str, Callable[[TrainingRun], Any]], tmp_path: Path
) -> None:
    name, train = stage
    first = TrainingRun(tmp_path, name, seconds=0.2)
    before = train(first).state_dict()
    again = TrainingRun(tmp_path, name, seconds=first.elapsed + 0.2)
    after = train(again).state_dict()
    assert again.step > first.step
    assert any(not torch.equal(after[key], before[key]) for key in before)
    assert (tmp_path / "losses.csv").read_text().startswith(f"{name},")
    # A stage whose time is up loads what it was saved as.
    done = train(TrainingRun(tmp_path, name, seconds=again.elapsed)).state_dict()
    assert all(torch.equal(done[key], after[key]) for key in after)
