"""An exported checkpoint is evaluated by the engine, on pictures held out of its training."""

from dataclasses import replace
from pathlib import Path

import pytest

from gpu_worker.lab.evaluate import ground_truth, prompts
from gpu_worker.lab.training import checkpoint_export, validation
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.trained_networks import TrainedNetworks
from storage.catalogue_file import load_catalogue
from storage.domain.models.defaults import Denoising


@pytest.mark.slow
def test_an_untrained_denoiser_gives_the_moved_picture(
    networks: TrainedNetworks,
    images: ImageDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = {motion: prompts.DEFAULT[motion] for motion in ground_truth.MOTIONS}
    monkeypatch.setattr(prompts, "DEFAULT", few)
    checkpoint_export.write(tmp_path / "checkpoint", networks, 0.2, {})
    row = load_catalogue().model("embedded")
    defaults = replace(row.defaults, frames=8, steps=1)
    small = replace(
        row, resolutions={defaults.resolution: 64}, defaults=defaults, denoising=Denoising(64, 8)
    )
    out = tmp_path / "out"
    metrics = validation.validate(tmp_path / "checkpoint", small, images.held_out[:1], out)
    assert (out / "held_out_0__zoom_in__0.mp4").is_file()
    compared = metrics["against_moved_picture"]
    assert isinstance(compared, dict)
    for motion in ("zoom_in", "zoom_out"):
        errors = compared[motion]
        assert isinstance(errors, dict)
        picture, moved, model = (
            float(str(errors[f"{name}_error"])) for name in ("picture", "moved", "model")
        )
        assert abs(model - picture) < 0.1 * picture
        assert moved > 1.5 * picture
