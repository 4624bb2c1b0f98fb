"""Trains the embedded model stage by stage, each resumable, then exports it."""

import argparse
import dataclasses
import json
import platform
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from gpu_worker.lab.training import (
    checkpoint_export,
    loss_curve,
    trained_networks,
    validation,
)
from gpu_worker.lab.training.data import image_dataset, latent_dataset
from gpu_worker.lab.training.data.batches import CROPS, BatchSampler
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.lab.training.data.latent_dataset import LatentDataset
from gpu_worker.lab.training.data.prompt_sampler import PromptSampler, families
from gpu_worker.lab.training.trainers import (
    autoencoder_trainer,
    image_trainer,
    text_trainer,
    tokenizer_trainer,
)
from gpu_worker.lab.training.trainers.denoiser_trainer import DenoiserTrainer
from gpu_worker.lab.training.trainers.losses import RESIDUAL_SCALE
from gpu_worker.lab.training.trainers.training_run import TrainingRun
from storage.catalogue_file import load_catalogue

STAGES = ("data", "autoencoder", "text", "vision", "pairs", "unet", "export")
MINUTES = {"autoencoder": 34.0, "text": 3.0, "vision": 2.0, "unet": 60.0}
TOKENIZER_PROMPTS = 20_000
TRUST = 0.75
"""The share of the predicted residual that is added: on the pictures held out it errs least."""

CHECKPOINT = Path(__file__).parents[2] / "models" / "embedded"
DOCS = Path(__file__).parents[3] / "docs"


class TrainingPipeline:
    """All stages over one work folder."""

    def __init__(self, options: argparse.Namespace):
        """Take the command's options."""
        self.work: Path = options.work
        self.options = options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    @cached_property
    def images(self) -> ImageDataset:
        """Load the pictures once."""
        return image_dataset.load(self.work)

    def run_data(self) -> None:
        """Fetch and decode the pictures."""
        found = self.images
        print(len(found.images), "pictures,", len(found.cutouts), "cut-outs", found.versions)

    def run_autoencoder(self) -> None:
        """Train encoder and decoder."""
        batch = self.options.batch or 8
        autoencoder_trainer.train(self._run("autoencoder"), self.images, batch, self.device)

    def run_text(self) -> None:
        """Train tokenizer and text encoder; first without the held-out phrases, to measure."""
        rng, prompts = np.random.default_rng(text_trainer.SEED), PromptSampler(families())
        texts = [prompts.draw(rng).text for _ in range(TOKENIZER_PROMPTS)]
        tokenizer = tokenizer_trainer.train_tokenizer(self.work / "tokenizer", texts)
        run = self._run("text")
        measured = TrainingRun(self.work, "text_held_out", run.seconds / 2)
        text_trainer.train(measured, tokenizer, held_out=True)
        text_trainer.train(run, tokenizer, held_out=False)

    def run_vision(self) -> None:
        """Train the image encoder."""
        image_trainer.train(self._run("vision"), self.images)

    def run_pairs(self) -> None:
        """Encode training clips with the finished encoders."""
        vae = trained_networks.load_autoencoder(self.work).to(self.device)
        encoder = trained_networks.load_image_encoder(self.work)
        folder = self.work / "pairs"
        latent_dataset.fill(folder, self.options.pairs, self.images, vae, encoder)

    def run_unet(self) -> None:
        """Train the denoiser on the encoded clips."""
        times = self.options.batch or 1
        sampler = BatchSampler(
            LatentDataset(self.work / "pairs"),
            PromptSampler(families()),
            trained_networks.load_tokenizer(self.work),
            tuple(dataclasses.replace(crop, clips=crop.clips * times) for crop in CROPS),
        )
        encoder = trained_networks.load_text_encoder(self.work).encoder
        DenoiserTrainer(self._run("unet"), encoder, self.device).train(sampler)

    def run_export(self) -> None:
        """Write the checkpoint and the loss curve, and evaluate it on held-out pictures."""
        options = self.options
        networks = trained_networks.load(self.work)
        scale = round(RESIDUAL_SCALE * TRUST, 4)
        checkpoint_export.write(options.out, networks, scale, {"trained": self._facts()})
        loss_curve.draw(self.work / "losses.csv", options.curve)
        held_out = self.images.held_out[: options.pictures]
        model = load_catalogue().model("embedded")
        print(json.dumps(validation.validate(options.out, model, held_out, self.work / "held_out")))

    def _run(self, stage: str) -> TrainingRun:
        minutes = self.options.minutes or MINUTES[stage]
        return TrainingRun(self.work, stage, minutes * 60)

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for stage in MINUTES:
            state = torch.load(self.work / f"{stage}.pt", map_location="cpu", weights_only=True)
            minutes = round(state["elapsed"] / 60, 1)
            facts[stage] = {"steps": state["step"], "minutes": minutes}
        names = ("torch", "diffusers", "transformers")
        facts["versions"] = {name: version(name) for name in names}
        facts["device"] = f"{self.device.type}, {platform.machine()}"
        return facts


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m gpu_worker.lab.training", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(STAGES)}")
    parser.add_argument("--work", type=Path, default=Path("build/embedded"))
    parser.add_argument("--minutes", type=float, help="time for each stage named")
    parser.add_argument("--batch", type=int, help="larger batches, for a GPU")
    parser.add_argument("--pairs", type=int, default=1600, help="encoded clips")
    parser.add_argument("--pictures", type=int, default=2, help="held-out ones to evaluate")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=CHECKPOINT)
    parser.add_argument("--curve", type=Path, default=DOCS / "embedded_loss.png")
    options = parser.parse_args()
    unknown = set(options.stages) - set(STAGES)
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    return options


def main() -> None:
    """Run the stages that were named, or all in order."""
    options = parse()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    pipeline = TrainingPipeline(options)
    for stage in options.stages or STAGES:
        print(f"== {stage}", flush=True)
        getattr(pipeline, f"run_{stage}")()


if __name__ == "__main__":
    main()
