"""Wording: the camera motion nearest to a prompt, by the checkpoint's own text encoder.

The fallback for prompts in which the rules of `storage.domain.prompt.reading` find nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from storage.domain.camera.motion import Motion

CLAUSES = re.compile(
    r"[,.;:!?，。；：！？、\n]+|\bwhile\b|\band\b|\bthen\b|同时|并且|然后", re.IGNORECASE
)
MOST_CLAUSES = 24


class Wording:
    """A text encoder with one prototype per motion, in the direction of its pooled features."""

    def __init__(
        self, tokenizer: CLIPTokenizer, encoder: CLIPTextModel, rows: dict[Motion, Tensor]
    ):
        """Take the parts; `rows` holds a vector of the encoder's width per motion."""
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._motions = tuple(rows)
        stacked = torch.stack([rows[motion] for motion in self._motions])
        self._prototypes = torch.nn.functional.normalize(stacked, dim=-1)

    @classmethod
    def load(cls, folder: Path) -> Wording:
        """Load from a checkpoint folder; raise FileNotFoundError where it holds no prototypes."""
        steering = json.loads((folder / "mutoscope.json").read_text())
        rows = {
            Motion(name): torch.tensor(row) for name, row in steering["motion_prototypes"].items()
        }
        return cls(
            CLIPTokenizer.from_pretrained(folder / "tokenizer"),
            CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32),
            rows,
        )

    def nearest(self, prompt: str) -> tuple[Motion, float]:
        """Give the nearest motion and its cosine similarity; DRIFT where none is named.

        The clause of the prompt that names a motion most clearly speaks for all of it, so that
        a long description does not drown the few words about the camera.
        """
        parts = (part.strip() for part in CLAUSES.split(prompt))
        clauses = list(dict.fromkeys(part for part in parts if part))
        texts = [prompt, *clauses[:MOST_CLAUSES]] if len(clauses) > 1 else [prompt]
        closeness = self._closeness(texts)
        drift = self._motions.index(Motion.DRIFT) if Motion.DRIFT in self._motions else -1
        best = Motion.DRIFT, float(closeness[0, drift])
        for row in closeness:
            value, place = row.max(0)
            named = self._motions[int(place)]
            clearer = best[0] is Motion.DRIFT or float(value) > best[1]
            if named is not Motion.DRIFT and clearer:
                best = named, float(value)
        return best

    @torch.no_grad()
    def _closeness(self, texts: list[str]) -> Tensor:
        """Give cosine similarities (texts, motions)."""
        ids = self._tokenizer(
            texts,
            padding="max_length",
            max_length=self._tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )["input_ids"]
        pooled = torch.nn.functional.normalize(self._encoder(ids).pooler_output, dim=-1)
        closeness: Tensor = pooled @ self._prototypes.T
        return closeness
