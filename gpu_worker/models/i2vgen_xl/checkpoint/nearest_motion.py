"""The camera motion nearest to a prompt, by the checkpoint's own text encoder.

A guess, for prompts that speak of the camera in words that `storage.domain.prompt.reading` does not
understand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from gpu_worker.models.i2vgen_xl.checkpoint import traits
from storage.domain.camera.motion import Motion, Reading

CLAUSES = re.compile(
    r"[,.;:!?，。；：！？、\n]+|\bwhile\b|\band\b|\bthen\b|同时|并且|然后", re.IGNORECASE
)
MAX_CLAUSES = 24


class MotionClassifier:
    """A text encoder with one prototype per motion, in the direction of its pooled features."""

    def __init__(
        self, tokenizer: CLIPTokenizer, encoder: CLIPTextModel, prototypes: dict[Motion, Tensor]
    ):
        """Take the components and a vector of the encoder's width (e) per motion."""
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._motions = tuple(prototypes)
        stacked = torch.stack([prototypes[motion] for motion in self._motions])
        self._prototypes = torch.nn.functional.normalize(stacked, dim=-1)

    @classmethod
    def load(cls, folder: Path) -> MotionClassifier:
        """Load from a checkpoint folder; raise FileNotFoundError or KeyError without prototypes."""
        config = json.loads((folder / traits.FILE).read_text())
        prototypes = {
            Motion(name): torch.tensor(row) for name, row in config["motion_prototypes"].items()
        }
        return cls(
            CLIPTokenizer.from_pretrained(folder / "tokenizer"),
            CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32),
            prototypes,
        )

    def nearest(self, prompt: str) -> tuple[Motion, float]:
        """Return the nearest motion and its cosine similarity; DRIFT where none is named.

        The clause of the prompt that names a motion most clearly counts for all of it, so that a
        long description does not hide the few words about the camera.
        """
        parts = (part.strip() for part in CLAUSES.split(prompt))
        clauses = list(dict.fromkeys(part for part in parts if part))
        texts = [prompt, *clauses[:MAX_CLAUSES]] if len(clauses) > 1 else [prompt]
        similarities = self._similarities(texts)
        drift = self._motions.index(Motion.DRIFT) if Motion.DRIFT in self._motions else -1
        best = Motion.DRIFT, float(similarities[0, drift])
        for row in similarities:
            value, place = row.max(0)
            named = self._motions[int(place)]
            clearer = best[0] is Motion.DRIFT or float(value) > best[1]
            if named is not Motion.DRIFT and clearer:
                best = named, float(value)
        return best

    @torch.no_grad()
    def _similarities(self, texts: list[str]) -> Tensor:
        """Return cosine similarities (texts, motions)."""
        ids = self._tokenizer(
            texts,
            padding="max_length",
            max_length=self._tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )["input_ids"]
        pooled = torch.nn.functional.normalize(self._encoder(ids).pooler_output, dim=-1)
        similarities: Tensor = pooled @ self._prototypes.T
        return similarities


def nearest_motion_of(folder: Path) -> Callable[[str], Reading | None]:
    """Return a function of a prompt, which loads a checkpoint's classifier when first called.

    It returns None where the checkpoint has no prototypes.
    """

    @cache
    def classifier() -> MotionClassifier | None:
        try:
            return MotionClassifier.load(folder)
        except (FileNotFoundError, KeyError):
            return None

    def nearest(prompt: str) -> Reading | None:
        known = classifier()
        with torch.inference_mode(False):
            return Reading(known.nearest(prompt)[0]) if known else None

    return nearest
