"""An export has the pipeline's layout, loads by the libraries' own classes and reads words."""

import json
from importlib import import_module
from pathlib import Path

import pytest
import torch

from gpu_worker.lab.training import checkpoint_export
from gpu_worker.lab.training.networks import autoencoder
from gpu_worker.lab.training.networks.text_encoder import MOTIONS
from gpu_worker.lab.training.trained_networks import TrainedNetworks
from gpu_worker.models.i2vgen_xl.checkpoint.nearest_motion import MotionClassifier


def test_an_export_loads_by_the_libraries_classes(
    networks: TrainedNetworks, tmp_path: Path
) -> None:
    checkpoint_export.write(tmp_path, networks, 0.2, {"trained": "here"})
    index = json.loads((tmp_path / "model_index.json").read_text())
    components = {name: entry for name, entry in index.items() if not name.startswith("_")}
    assert len(components) == 7
    assert components["feature_extractor"] == ["transformers", "CLIPImageProcessor"]
    for name, (library, class_name) in components.items():
        loader = getattr(import_module(library), class_name)
        assert loader.from_pretrained(tmp_path / name) is not None
    traits = json.loads((tmp_path / "mutoscope.json").read_text())
    assert traits["image_latents"] == "moved"
    assert traits["target"] == "residual"
    assert traits["residual_scale"] == 0.2
    assert traits["trained"] == "here"
    motion, similarity = MotionClassifier(tmp_path).nearest("镜头 zoom 🙂")
    assert motion in MOTIONS
    assert -1 <= similarity <= 1


@pytest.mark.usefixtures("small_networks")
def test_an_encoder_without_variance_hardly_varies() -> None:
    model = autoencoder.build()
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        before = model.encode(picture).latent_dist
        assert float((before.sample() - before.mean).abs().max()) > 1e-2
        checkpoint_export.remove_variance(model)
        after = model.encode(picture).latent_dist
        assert float((after.sample() - after.mean).abs().max()) < 1e-3
        assert torch.equal(after.mean, before.mean)
