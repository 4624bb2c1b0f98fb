"""Each model has a queue, a window and workers of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.studio.options import Options
from storage.catalogue_file import load_catalogue
from storage.domain.errors import BadRequest
from storage.domain.job import Job, Status
from storage.domain.quota import price
from storage.settings import Settings, SettingsError
from tests.support.backend import Backend, open_backend, png, requester, until

FULL = "i2vgen-xl"


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[Backend]:
    async with open_backend(tmp_path, redis_url, mp4, models=f"{FULL}=a100") as opened:
        yield opened


async def order(backend: Backend, model: str, seed: int) -> Job:
    options = Options("zoom in", model=model, seed=seed)
    return await backend.studio.orders.submit(requester(str(seed)), png((512, 512)), options)


async def test_a_model_that_nobody_serves_keeps_no_other_waiting(backend: Backend) -> None:
    waiting = [(await order(backend, FULL, seed)).id for seed in range(3)]
    made = [(await order(backend, "embedded", seed)).id for seed in range(3)]
    async with backend.running_dispatcher():
        async with backend.running_worker():
            for job in made:
                await until(lambda job=job: is_done(backend, job))  # type: ignore[misc]  # bound now
        assert [await is_done(backend, job) for job in waiting] == [False] * 3
        assert {one.request.model for one in backend.worker.orders} == {"embedded"}
        async with backend.running_worker(FULL):
            await until(backend.all_jobs_ended)
    orders = [one.request.model for one in backend.worker.orders]
    assert orders == ["embedded"] * 3 + [FULL] * 3


async def is_done(backend: Backend, job: str) -> bool:
    return (await backend.jobs.get(job)).status is Status.DONE


async def test_the_windows_and_the_workers_wanted_are_each_models_own(backend: Backend) -> None:
    for seed in range(3):
        await order(backend, FULL, seed)
        await order(backend, "embedded", seed)
    assert await backend.dispatcher().dispatch_once() == 2
    in_flight = [job.request.model for job in await backend.jobs.pending.in_flight()]
    assert sorted(in_flight) == ["embedded", FULL]
    assert await backend.scaling().wanted() == {"embedded": 1, FULL: 1}
    async with backend.running_worker():
        await until(lambda: is_alive(backend))
    sizes = await backend.jobs.pending.sizes()
    assert {model: size.waiting for model, size in sizes.items()} == {"embedded": 3, FULL: 3}


async def is_alive(backend: Backend) -> bool:
    return await backend.queue.workers_by_model() == {"embedded": 1}


async def test_the_same_order_of_another_model_is_another_clip(backend: Backend) -> None:
    async with backend.running():
        await order(backend, "embedded", 1)
        await until(backend.all_jobs_ended)
    again = await order(backend, "embedded", 1)
    other = await order(backend, FULL, 1)
    assert (again.cached, other.cached) == (True, False)


async def test_each_model_has_its_own_bounds_and_price(backend: Backend) -> None:
    options = Options("zoom in", resolution="128p", model=FULL)
    with pytest.raises(BadRequest) as refused:
        await backend.studio.orders.submit(requester(), png(), options)
    assert refused.value.key == "request_resolution"
    small, full = await order(backend, "embedded", 1), await order(backend, FULL, 1)
    work = backend.catalogue.work("embedded")
    assert small.cost == price(small.request, work)
    assert full.cost == price(full.request)
    with pytest.raises(BadRequest) as unknown:
        await order(backend, "no such model", 1)
    assert unknown.value.key == "request_model"


def test_a_name_goes_before_the_source_of_another_model() -> None:
    whole = load_catalogue()
    twin = replace(whole.models["embedded"], name="twin")
    catalogue = replace(whole, models={"twin": twin, **whole.models})
    assert catalogue.name_of("embedded") == "embedded"
    assert catalogue.name_of("twin") == "twin"
    assert catalogue.name_of("ali-vilab/i2vgen-xl") == FULL
    assert catalogue.name_of("nothing") is None


def test_a_model_or_profile_that_is_not_in_the_catalogue_is_refused() -> None:
    for models in ("nothing", f"{FULL}=nothing"):
        with pytest.raises(SettingsError, match="MODELS=nothing is not in the catalogue: "):
            Settings(models=models).offered()
    with pytest.raises(SettingsError, match="MODELS_ON_DEMAND=i2vgen-xl cannot be ordered here"):
        Settings(models_on_demand=FULL).offered()
    catalogue, profiles = Settings(models="ali-vilab/i2vgen-xl=h100 embedded").offered()
    assert catalogue.default_model == "embedded"
    assert {name: profile.name for name, profile in profiles.items()} == {
        "embedded": "cpu",
        FULL: "h100",
    }


def test_models_on_demand_are_named_like_others(tmp_path: Path) -> None:
    folder = tmp_path / "50% done"
    folder.mkdir()
    sources = {"MODEL": str(folder), "MODEL_ROW": FULL, "MODELS": "embedded"}
    for name in (FULL, str(folder).replace("%", "%25").replace(" ", "%20")):
        settings = Settings.from_environment({**sources, "MODELS_ON_DEMAND": name})
        rows = settings.offered()[0].models
        assert {row.name: row.on_demand for row in rows.values()} == {FULL: True, "embedded": False}
    both = Settings.from_environment({**sources, "MODELS_ON_DEMAND": f"embedded {FULL}"})
    assert all(row.on_demand for row in both.offered()[0].models.values())
