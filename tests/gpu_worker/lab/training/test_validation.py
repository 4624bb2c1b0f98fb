"""Validation compares the model's clips and the moved picture with the true crop."""

import pytest
import torch

from gpu_worker.lab.training import validation
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.networks import unet
from gpu_worker.lab.training.networks.text_encoder import WIDTH
from gpu_worker.lab.training.trained_networks import TrainedNetworks


def test_scores_compare_model_and_moved_picture(
    networks: TrainedNetworks, images: ImageDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SIDE", 32), ("FRAMES", 8), ("STEPS", 1)):
        monkeypatch.setattr(validation, name, value)
    scores = validation.validate(networks, images, 2)
    rows = validation.sheet_rows(scores)
    assert [row.lines[1] for row in rows] == ["truth", "picture", "model"] * 2
    assert {row.frames.shape for row in rows} == {(8, 32, 32, 3)}
    assert set(validation.summarize(scores)) == {"zoom_in", "zoom_out"}
    assert scores[0].model_error == pytest.approx(scores[0].picture_error, rel=0.1)
    assert scores[0].moved_error > 2 * scores[0].picture_error


@pytest.mark.usefixtures("small_networks")
def test_an_untrained_denoiser_gives_the_moved_picture() -> None:
    torch.manual_seed(0)
    moved = torch.randn(1, 4, 8, 8, 8)
    conditions = (torch.randn(1, WIDTH), torch.randn(1, 4, WIDTH))
    sampled = validation.sample(unet.build(), moved, conditions, scale=0.2, steps=2)
    assert torch.allclose(sampled, moved, atol=0.01)
