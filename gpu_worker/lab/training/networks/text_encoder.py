"""The text encoder: token ids to features from which motion and speed can be told."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from storage.domain.camera.motion import Motion

WIDTH = 96
LENGTH = 32
MOTIONS = tuple(motion for motion in Motion if motion is not Motion.AUTO)


def build(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Build an untrained text encoder for a tokenizer."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=WIDTH * 4,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            projection_dim=WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def tokenize(tokenizer: CLIPTokenizer, texts: Sequence[str]) -> Tensor:
    """Return token ids (n, LENGTH), cut and padded."""
    encoded = tokenizer(
        list(texts), padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    )
    ids: Tensor = encoded["input_ids"]
    return ids


class TextEncoderWithHeads(nn.Module):
    """The text encoder with the heads that train it: one prototype per motion, and a speed axis."""

    def __init__(self, encoder: CLIPTextModel):
        """Take the encoder; prototypes start at random."""
        super().__init__()
        self.encoder = encoder
        self.prototypes = nn.Parameter(torch.randn(len(MOTIONS), WIDTH))
        self.speed = nn.Linear(WIDTH, 1)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosine similarities (n, motions) and speeds (n,) of token ids (n, length)."""
        pooled = self.encoder(tokens).pooler_output
        similarity = nn.functional.normalize(pooled, dim=-1) @ self.directions().T
        return similarity, self.speed(pooled)[:, 0]

    def directions(self) -> Tensor:
        """Return the prototypes at unit length (motions, WIDTH)."""
        return nn.functional.normalize(self.prototypes, dim=-1)
