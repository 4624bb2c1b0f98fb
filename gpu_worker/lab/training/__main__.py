"""Command: train the embedded model stage by stage, each resumable, then export it."""

import argparse
import dataclasses
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from transformers import CLIPTokenizer

from gpu_worker.lab.training import checkpoint_export as export
from gpu_worker.lab.training import loss_curve as curve
from gpu_worker.lab.training import validation as measure
from gpu_worker.lab.training.data import latent_dataset as pairs
from gpu_worker.lab.training.data import prompt_sampler as prompts
from gpu_worker.lab.training.data.batches import Recipe
from gpu_worker.lab.training.data.image_dataset import Gallery, open_gallery
from gpu_worker.lab.training.networks import autoencoder
from gpu_worker.lab.training.networks import image_encoder as vision
from gpu_worker.lab.training.networks import text_encoder as text
from gpu_worker.lab.training.trainers import denoiser_trainer as trainer
from gpu_worker.lab.training.trainers.training_run import Run

STAGES = ("data", "autoencoder", "text", "vision", "pairs", "unet", "export")
MINUTES = {"autoencoder": 34.0, "text": 3.0, "vision": 2.0, "unet": 60.0}
CHECKPOINT = Path(__file__).parents[2] / "models" / "embedded"
DOCS = Path(__file__).parents[3] / "docs"


class Training:
    """All stages over one work folder."""

    def __init__(self, options: argparse.Namespace):
        """Take the command's options."""
        self.work: Path = options.work
        self.options = options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._gallery: Gallery | None = None

    @property
    def gallery(self) -> Gallery:
        """Open the pictures once."""
        if self._gallery is None:
            self._gallery = open_gallery(self.work)
        return self._gallery

    def run_of(self, stage: str) -> Run:
        """Make the stage's run with its minutes."""
        minutes = self.options.minutes or MINUTES[stage]
        return Run(self.work, stage, minutes * 60)

    def run_data(self) -> None:
        """Fetch and decode the pictures."""
        found = self.gallery
        print(len(found.pictures), "pictures,", len(found.cutouts), "cut-outs", found.versions)

    def run_autoencoder(self) -> None:
        """Train encoder and decoder."""
        recipe = autoencoder.Recipe(batch=self.options.batch or 8)
        autoencoder.train(self.run_of("autoencoder"), self.gallery, recipe, self.device)

    def run_text(self) -> None:
        """Train tokenizer and text encoder; first without the held-out wordings, to measure."""
        rng, pool = np.random.default_rng(text.SEED), prompts.Prompts(prompts.families())
        drawn = [pool.draw(rng).text for _ in range(20_000)]
        tokenizer = text.train_tokenizer(self.work / "tokenizer", drawn)
        run = self.run_of("text")
        text.train(Run(self.work, "text_held_out", run.seconds / 2), tokenizer, held_out=True)
        text.train(run, tokenizer, held_out=False)

    def run_vision(self) -> None:
        """Train the image encoder."""
        vision.train(self.run_of("vision"), self.gallery)

    def run_pairs(self) -> None:
        """Encode training clips with the finished encoder."""
        eye = self._vision()
        vae = export.load_vae(self.work / "autoencoder.pt").to(self.device)
        pairs.fill(self.work / "pairs", self.options.pairs, self.gallery, (vae, eye))

    def run_unet(self) -> None:
        """Train the denoiser on the encoded clips."""
        recipe = self._batched(Recipe())
        training = trainer.Trainer(self.run_of("unet"), recipe, self.device)
        encoder: Any = self._reader().encoder
        bank = pairs.Bank(self.work / "pairs")
        trainer.train(training, bank, encoder.to(self.device), self._tokenizer())

    def _batched(self, recipe: Recipe) -> Recipe:
        times = self.options.batch or 1
        crops = tuple((s, f, c * times, p) for s, f, c, p in recipe.crops)
        return dataclasses.replace(recipe, crops=crops)

    def run_export(self) -> None:
        """Write the checkpoint, a contact sheet, the loss curve and the measured numbers."""
        parts = self._parts()
        scores = measure.scored(parts, self.gallery, self.options.clips)
        for score in scores:
            errors = score.picture_error, score.moved_error, score.model_error
            print(score.motion, *(f"{error:.1f}" for error in errors))
        if scores:
            shown = measure.sheet(scores)[..., ::-1]
            cv2.imwrite(str(self.work / "sheet.png"), shown)
        facts = {"trained": self._facts(), **export.preview(parts.autoencoder, self.gallery)}
        # A tokenizer remembers how it was used last, and would write that down.
        parts = dataclasses.replace(parts, tokenizer=self._tokenizer())
        export.write(self.options.out, parts, export.prototypes(self._reader()), facts)
        curve.draw(self.work / "losses.csv", self.options.curve)
        print(json.dumps(measure.summary(scores)))

    def _parts(self) -> measure.Parts:
        vae = export.load_vae(self.work / "autoencoder.pt")
        denoiser = export.load_unet(self.work / "unet.pt")
        scale = round(Recipe().residual_scale * export.TRUST, 4)
        reader = self._reader()
        return measure.Parts(
            vae, denoiser, reader.encoder, self._tokenizer(), self._vision(), scale
        )

    def _tokenizer(self) -> CLIPTokenizer:
        loaded: CLIPTokenizer = CLIPTokenizer.from_pretrained(self.work / "tokenizer")
        return loaded

    def _reader(self) -> text.Reader:
        reader = text.Reader(text.build(self._tokenizer()))
        state = torch.load(self.work / "text.pt", map_location="cpu", weights_only=True)
        reader.load_state_dict(state["model"])
        return reader.eval()

    def _vision(self) -> Any:
        model = vision.build()
        state = torch.load(self.work / "vision.pt", map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        return model.eval()

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for stage in MINUTES:
            path = self.work / f"{stage}.pt"
            if path.exists():
                state = torch.load(path, map_location="cpu", weights_only=True)
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
    parser.add_argument("--clips", type=int, default=10, help="held-out clips to measure")
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
    training = Training(options)
    for stage in options.stages or STAGES:
        print(f"== {stage}", flush=True)
        getattr(training, f"run_{stage}")()


if __name__ == "__main__":
    main()
