"""Prompts are drawn for every motion, from families of phrases that can be held out."""

import numpy as np

from gpu_worker.lab.training.data.prompt_sampler import PromptSampler, families
from gpu_worker.lab.training.networks.text_encoder import MOTIONS
from storage.domain.camera.motion import Motion


def test_held_out_families_are_not_among_the_others() -> None:
    kept, held = families(held_out=False), families(held_out=True)
    assert len(kept) + len(held) == len(families())
    assert not {id(family) for _, family, _ in kept} & {id(family) for _, family, _ in held}


def test_every_motion_can_be_drawn() -> None:
    rng, prompts = np.random.default_rng(0), PromptSampler(families())
    for motion in MOTIONS:
        assert prompts.draw(rng, motion).motion is motion
        assert prompts.draw(rng, motion).text
    assert Motion.AUTO not in MOTIONS
