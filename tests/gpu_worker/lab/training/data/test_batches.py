"""Batches depend on their number alone, and their crops hold something uncovered."""

import numpy as np

from gpu_worker.lab.training.data import batches
from gpu_worker.lab.training.data.batches import BatchSampler


def test_a_batch_depends_on_its_number_alone(sampler: BatchSampler) -> None:
    one, two = sampler.draw(5), sampler.draw(5)
    assert one.truth.equal(two.truth)
    assert one.tokens.equal(two.tokens)
    assert one.truth.shape[-2:] == (8, 8)
    assert one.truth.shape == one.moved.shape


def test_a_crop_holds_something_that_is_uncovered(sampler: BatchSampler) -> None:
    for seed in range(12):
        crop = batches.crop(sampler.dataset.pairs[0], 4, 4, np.random.default_rng(seed))
        assert [part.shape[-2:] for part in crop] == [(4, 4)] * 3
        assert crop[2].max() == 1
