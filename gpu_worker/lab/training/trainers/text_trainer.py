"""Trains the text encoder to tell the motion and the speed that a prompt names."""

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPTokenizer

from gpu_worker.lab.training.data.prompt_sampler import PromptSampler, families
from gpu_worker.lab.training.networks.text_encoder import (
    MOTIONS,
    TextEncoderWithHeads,
    build,
    tokenize,
)
from gpu_worker.lab.training.trainers.network_trainer import NetworkTrainer
from gpu_worker.lab.training.trainers.training_run import TrainingRun

PEAK_RATE = 2e-3
TEMPERATURE = 12.0
TOKENS_SWAPPED = 0.06
VALIDATION_PROMPTS = 400
SEED = 23


def train(
    run: TrainingRun, tokenizer: CLIPTokenizer, held_out: bool, batch: int = 64
) -> TextEncoderWithHeads:
    """Train until time is up, on all families of phrases or without the held-out ones."""
    torch.manual_seed(SEED)
    model = TextEncoderWithHeads(build(tokenizer))
    trainer = NetworkTrainer(run, model, PEAK_RATE)
    prompts = PromptSampler(families(held_out=False if held_out else None))

    def make(rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        drawn = [prompts.draw(rng) for _ in range(batch)]
        ids = tokenize(tokenizer, [_misspell(prompt.text, rng) for prompt in drawn])
        motions = torch.tensor([MOTIONS.index(prompt.motion) for prompt in drawn])
        speeds = torch.tensor([float(prompt.speed) for prompt in drawn])
        return _swap_tokens(ids, rng), motions, speeds

    for ids, motions, speeds in run.batches(make, SEED):
        similarity, speed = model(ids)
        loss = nn.functional.cross_entropy(similarity * TEMPERATURE, motions, label_smoothing=0.05)
        trainer.step(loss + 0.5 * (speed - speeds).square().mean())
        if run.logs_every(100):
            run.log(loss=float(loss.detach()), held_out=held_out_accuracy(model, tokenizer))
        trainer.save()
    return model


@torch.no_grad()
def held_out_accuracy(model: TextEncoderWithHeads, tokenizer: CLIPTokenizer) -> float:
    """Return the share of prompts of held-out families whose nearest prototype is their motion."""
    sampler, rng = PromptSampler(families(held_out=True)), np.random.default_rng(SEED + 1)
    prompts = [sampler.draw(rng) for _ in range(VALIDATION_PROMPTS)]
    similarity, _ = model(tokenize(tokenizer, [prompt.text for prompt in prompts]))
    named = torch.tensor([MOTIONS.index(prompt.motion) for prompt in prompts])
    return float((similarity.argmax(1) == named).float().mean())


def _swap_tokens(ids: Tensor, rng: np.random.Generator) -> Tensor:
    """Replace some tokens by random ones, so that the model does not rely on single words."""
    inner = (ids != ids[0, 0]) & (ids != ids[0, -1])
    swap = torch.from_numpy(rng.random(ids.shape) < TOKENS_SWAPPED) & inner
    other = torch.from_numpy(rng.integers(0, int(ids.max()), ids.shape))
    return torch.where(swap, other, ids)


def _misspell(text: str, rng: np.random.Generator) -> str:
    """Now and then drop a letter, so that an unknown word does not upset the rest."""
    if rng.random() > 0.2 or len(text) < 8:
        return text
    at = int(rng.integers(len(text)))
    return text[:at] + text[at + 1 :]
