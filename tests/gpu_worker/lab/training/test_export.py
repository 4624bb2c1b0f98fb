"""An export has the pipeline's layout, loads by the libraries' own classes and reads words."""

import json
from pathlib import Path

import cv2
import diffusers
import numpy as np
import pytest
import torch
import transformers

from gpu_worker.lab.training import checkpoint_export as export
from gpu_worker.lab.training import loss_curve as curve
from gpu_worker.lab.training.data.image_dataset import Gallery
from gpu_worker.lab.training.networks import autoencoder, unet
from gpu_worker.lab.training.networks import image_encoder as vision
from gpu_worker.lab.training.networks import text_encoder as text
from gpu_worker.lab.training.trainers.training_run import Run
from gpu_worker.lab.training.validation import Parts, scored, sheet, summary
from gpu_worker.models.i2vgen_xl.checkpoint.nearest_motion import MotionClassifier


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    """Make a gallery of drawn pictures."""
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, 256, (260, 320, 3)).astype(np.uint8) for _ in range(9)]
    return Gallery(drawn, drawn[:2], [], {})


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """Make untrained parts."""
    torch.manual_seed(0)
    tokenizer = text.train_tokenizer(tmp_path_factory.mktemp("tokenizer"), ["zoom in", "镜头"])
    with pytest.MonkeyPatch.context() as small:
        small.setattr(unet, "CHANNELS", (8, 16, 16))
        small.setattr(unet, "HEAD", 8)
        small.setattr(autoencoder, "CHANNELS", (8, 8, 16))
        denoiser, coder = unet.build(), autoencoder.build()
    words, eye = text.build(tokenizer), vision.build().eval()
    return Parts(coder.eval(), denoiser, words, tokenizer, eye, 0.2)


def test_an_export_loads_by_the_libraries_classes(
    parts: Parts, gallery: Gallery, tmp_path: Path
) -> None:
    rows = export.prototypes(text.Reader(parts.text))
    export.write(tmp_path, parts, rows, export.preview(parts.autoencoder, gallery))
    for name, (library, kind) in export.CLASSES.items():
        loader = getattr({"diffusers": diffusers, "transformers": transformers}[library], kind)
        assert loader.from_pretrained(tmp_path / name) is not None
    steering = json.loads((tmp_path / "mutoscope.json").read_text())
    assert steering["image_latents"] == "moved"
    assert steering["target"] == "residual"
    assert np.shape(steering["latent_preview"]["matrix"]) == (4, 3)
    motion, closeness = MotionClassifier.load(tmp_path).nearest("镜头 zoom 🙂")
    assert motion in text.MOTIONS
    assert -1 <= closeness <= 1


def test_a_stilled_encoder_hardly_varies(parts: Parts) -> None:
    model = export.still(parts.autoencoder)
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        spread = model.encode(picture).latent_dist
        assert float((spread.sample() - spread.mean).abs().max()) < 1e-3
        assert torch.allclose(spread.mean, autoencoder.encode(model, picture))


def test_scores_compare_model_and_moved_picture(
    parts: Parts, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpu_worker.lab.training.validation.SIDE", 32)
    monkeypatch.setattr("gpu_worker.lab.training.validation.FRAMES", 8)
    scores = scored(parts, gallery, 2, steps=1)
    assert sheet(scores, (0, 7)).shape == (64, 192, 3)
    assert set(summary(scores)) == {"zoom_in", "zoom_out"}
    assert scores[0].model_error == pytest.approx(scores[0].picture_error, rel=0.1)
    assert scores[0].moved_error > 2 * scores[0].picture_error


def test_the_curve_is_drawn_from_the_log(tmp_path: Path) -> None:
    run = Run(tmp_path, "unet", seconds=60.0)
    for value in (3.0, 2.0, 1.0):
        run.tick()
        run.log(loss=value)
    curve.draw(tmp_path / "losses.csv", tmp_path / "docs" / "loss.png")
    picture = cv2.imread(str(tmp_path / "docs" / "loss.png"))
    assert picture is not None
    assert picture.min() < 100


def test_a_step_taken_again_after_a_stop_counts_once(tmp_path: Path) -> None:
    log = tmp_path / "losses.csv"
    log.write_text("unet,25,1.0,loss,3\nunet,50,2.0,loss,2.5\nunet,50,2.2,loss,2\n")
    assert curve.read(log) == {("unet", "loss"): [(1.0, 3.0), (2.2, 2.0)]}
