"""Tiny pipelines in folders, and engines of the catalogue's rows that have loaded them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from transformers.utils import logging as transformers_logging

from gpu_worker.media.picture import Canvas, canvas_of
from gpu_worker.models import registry
from gpu_worker.models.diffusers_pipeline.engine import DiffusersPipeline
from storage.domain.catalogue import Model
from storage.domain.request import GenerationRequest
from tests.support.catalogue.admission import CATALOGUE
from tests.support.pipelines import tiny
from tests.support.pipelines.families import FAMILIES


@pytest.fixture(scope="session", autouse=True)
def quiet_libraries() -> Iterator[None]:
    """Keep the libraries' bars and hints out of the tests' output."""
    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    yield


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a tiny pipeline, which is written once."""
    return cache(lambda name: tiny.save(tmp_path_factory.mktemp(name), name))


def make_engine(folder: Path, row: Model, **options: Any) -> DiffusersPipeline:
    """Return a row's engine as a worker makes it, on the CPU; it is not loaded."""
    presets = CATALOGUE.presets_of(row)
    made = registry.create(str(folder), row=row, device="cpu", presets=presets, **options)
    assert isinstance(made, DiffusersPipeline)
    return made


@pytest.fixture(scope="session")
def engine_of(folder_of: Callable[[str], Path]) -> Callable[[str], DiffusersPipeline]:
    """Return the loaded engine of a row of the catalogue."""

    @cache
    def load(name: str) -> DiffusersPipeline:
        engine = make_engine(folder_of(FAMILIES[name][0]), CATALOGUE.models[name])
        engine.load()
        return engine

    return load


@pytest.fixture(scope="session")
def picture() -> Image.Image:
    """Return a soft picture of 120 x 100."""
    small = np.random.default_rng(0).integers(0, 255, (5, 6, 3), np.uint8)
    return Image.fromarray(small).resize((120, 100), Image.Resampling.BICUBIC)


def clip_of(name: str, picture: Image.Image, **changes: Any) -> tuple[GenerationRequest, Canvas]:
    """Return a small request of a row's model, and its canvas."""
    _, size, frames = FAMILIES[name]
    row = CATALOGUE.models[name]
    prompt = "a cat" if "prompt" in row.capabilities else ""
    fields: dict[str, Any] = {"prompt": prompt, "frames": frames, "steps": 5, "seed": 7}
    request = row.request(size, picture="x", **{**fields, **changes})
    return request, canvas_of(picture, request.width, request.height)
