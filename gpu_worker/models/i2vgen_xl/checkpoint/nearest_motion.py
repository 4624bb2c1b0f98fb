"""The camera motion nearest to a prompt, by the checkpoint's own text encoder.

A guess, for prompts that speak of the camera in words that `storage.domain.prompt.reading` does not
understand.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import CLIPTextModel, CLIPTokenizer

from gpu_worker.models.i2vgen_xl.checkpoint import traits
from storage.domain.camera.motion import Motion, Reading

CLAUSES = re.compile(
    r"[,.;:!?，。；：！？、\n]+|\bwhile\b|\band\b|\bthen\b|同时|并且|然后", re.IGNORECASE
)
MAX_CLAUSES = 24


class MotionClassifier:
    """A text encoder with one prototype per motion, in the direction of its pooled features."""

    def __init__(self, folder: Path) -> None:
        """Load from a checkpoint; raise FileNotFoundError or KeyError without prototypes."""
        prototypes = json.loads((folder / traits.FILE).read_text())["motion_prototypes"]
        self._motions = tuple(Motion(name) for name in prototypes)
        self._prototypes = normalize(torch.tensor([*prototypes.values()]), dim=-1)
        self._tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self._encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)

    def nearest(self, prompt: str) -> tuple[Motion, float]:
        """Return the nearest motion and its cosine similarity; DRIFT where none is named.

        The clause of the prompt that names a motion most clearly counts for all of it, so that a
        long description does not hide the few words about the camera.
        """
        parts = (part.strip() for part in CLAUSES.split(prompt))
        clauses = list(dict.fromkeys(part for part in parts if part))
        texts = [prompt, *clauses[:MAX_CLAUSES]] if len(clauses) > 1 else [prompt]
        similarities = self._similarities(texts)
        best = Motion.DRIFT, float(similarities[0, self._motions.index(Motion.DRIFT)])
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
        pooled = normalize(self._encoder(ids).pooler_output, dim=-1)
        similarities: Tensor = pooled @ self._prototypes.T
        return similarities


@cache
def load_classifier(folder: Path) -> MotionClassifier | None:
    """Load a checkpoint's classifier once; return None where it has no prototypes."""
    try:
        return MotionClassifier(folder)
    except (FileNotFoundError, KeyError):
        return None


def nearest_motion(folder: Path, prompt: str) -> Reading | None:
    """Return the motion nearest to a prompt, or None where the checkpoint has no prototypes."""
    with torch.inference_mode(False):
        classifier = load_classifier(folder)
        return Reading(classifier.nearest(prompt)[0]) if classifier else None
