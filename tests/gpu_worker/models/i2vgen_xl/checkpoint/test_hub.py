"""A checkpoint is fetched from the hub whole, resumed where it was cut, and only once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from huggingface_hub import constants

from gpu_worker import fetch
from gpu_worker.engine.api import NotUsable, NotUsableYet
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from tests.gpu_worker.models.i2vgen_xl.checkpoint.local_hub import COMMIT, REPOSITORY, LocalHub
from tests.support.pipelines.tiny import save

CHUNK = 4096  # bytes that are lost with a connection, at most
UNET = "unet/diffusion_pytorch_model.safetensors"
HALF = "unet/diffusion_pytorch_model.fp16.safetensors"
PINNED = f"{REPOSITORY}@{COMMIT}"


@pytest_asyncio.fixture
async def hub(
    still_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LocalHub]:
    """Serve a tiny checkpoint that also has weights in full precision, a readme and a picture."""
    folder = Path(shutil.copytree(still_checkpoint, tmp_path / "served"))
    shutil.copy(folder / UNET, folder / HALF)
    (folder / "README.md").write_text("A model.")
    (folder / "picture.png").write_bytes(b"none")
    async with LocalHub(folder).serve() as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.url)
        template = served.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", CHUNK)
        monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
        yield served


async def fetched(source: str = REPOSITORY) -> tuple[Path, list[tuple[int, int]]]:
    """Locate a source in a thread; return the folder and what was told of bytes."""
    told: list[tuple[int, int]] = []
    folder = await asyncio.to_thread(locate, source, lambda done, total: told.append((done, total)))
    return folder, told


async def test_only_what_is_needed_is_fetched_in_half_precision(hub: LocalHub) -> None:
    folder, told = await fetched()
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert HALF in names
    assert {"tokenizer/tokenizer.json", "vae/config.json"} < names
    assert not {UNET, "README.md", "picture.png"} & names
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == sum(hub.sent.values())


async def test_a_pinned_commit_is_taken_from_the_cache_without_the_hub(hub: LocalHub) -> None:
    first, _ = await fetched(PINNED)
    before = hub.requests
    second, told = await fetched(PINNED)
    assert second == first
    assert first.name == COMMIT
    assert not told
    assert hub.requests == before


async def test_of_any_other_pipeline_its_own_components_are_fetched(
    tmp_path: Path, hub: LocalHub
) -> None:
    shutil.rmtree(tmp_path / "served")
    save(tmp_path / "served", "LTXPipeline")
    (tmp_path / "served" / "ltx-video-2b-v0.9.safetensors").write_bytes(b"all in one")
    (tmp_path / "served" / "vae" / "README.md").write_text("An autoencoder.")
    folder, told = await fetched(PINNED)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {
        *("model_index.json", "scheduler/scheduler_config.json"),
        *("tokenizer/tokenizer.json", "tokenizer/tokenizer_config.json"),
        *("text_encoder/config.json", "text_encoder/model.safetensors"),
        *("vae/config.json", "vae/diffusion_pytorch_model.safetensors"),
        *("transformer/config.json", "transformer/diffusion_pytorch_model.safetensors"),
    }
    assert told[-1][0] == told[-1][1] == sum(hub.sent.values())
    before = hub.requests
    assert (await fetched(PINNED))[0] == folder
    assert hub.requests == before
    (folder / "vae/diffusion_pytorch_model.safetensors").unlink()
    assert (await fetched(PINNED))[0] == folder
    assert (folder / "vae/diffusion_pytorch_model.safetensors").is_file()


async def test_a_cut_download_goes_on_where_it_was(hub: LocalHub) -> None:
    hub.cuts[HALF] = 2
    folder, told = await fetched()
    size = (folder / HALF).stat().st_size
    assert size <= hub.sent[HALF] <= size + 2 * CHUNK
    assert told[-1][0] == told[-1][1]


async def test_what_was_fetched_before_an_outage_is_not_fetched_again(hub: LocalHub) -> None:
    hub.failing.add(HALF)
    with pytest.raises(NotUsableYet, match="cannot be fetched yet"):
        await fetched(PINNED)
    hub.failing.clear()
    before = hub.sent.copy()
    folder, told = await fetched(PINNED)
    assert hub.sent - before == {HALF: (folder / HALF).stat().st_size}
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize(
    ("status", "code", "kind", "text"),
    [
        (503, "", NotUsableYet, "cannot be fetched yet"),
        (429, "", NotUsableYet, "cannot be fetched yet"),
        (404, "RepoNotFound", NotUsable, "the Hugging Face hub knows no owner/model"),
        (403, "GatedRepo", NotUsable, "set HF_TOKEN"),
        (410, "", NotUsable, "cannot be fetched: "),
    ],
)
async def test_an_outage_may_pass_and_a_refusal_does_not(
    hub: LocalHub, status: int, code: str, kind: type[NotUsable], text: str
) -> None:
    hub.status, hub.error_code = status, code
    with pytest.raises(NotUsable, match=text) as refused:
        await fetched()
    assert type(refused.value) is kind
    assert "\n" not in str(refused.value)


async def test_an_unknown_revision_is_named(hub: LocalHub) -> None:
    with pytest.raises(NotUsable, match="has no revision v9"):
        await fetched(f"{REPOSITORY}@v9")
    assert hub.requests


async def test_a_repository_that_is_no_checkpoint_is_named(hub: LocalHub, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "served/vae")
    with pytest.raises(NotUsable, match=r"owner/model holds no checkpoint: .*vae/config\.json"):
        await fetched()
    assert hub.requests


async def test_an_operator_fetches_the_weights_before_a_worker_needs_them(
    hub: LocalHub, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL", PINNED)
    assert await asyncio.to_thread(fetch.main) == 0
    assert COMMIT in capfd.readouterr().err
    hub.status = 503
    assert await asyncio.to_thread(fetch.main) == 0, "they are in the cache"
    monkeypatch.setenv("MODEL", REPOSITORY)
    assert await asyncio.to_thread(fetch.main) == 1
    monkeypatch.setenv("MODEL", "./nowhere")
    assert await asyncio.to_thread(fetch.main) == 1
    monkeypatch.setenv("DEVICE", "abacus")
    assert await asyncio.to_thread(fetch.main) == 2
    lines = capfd.readouterr().err.splitlines()
    assert "Traceback" not in " ".join(lines)
    assert "cannot be fetched yet" in lines[-3]
    assert "there is no folder" in lines[-2]
    assert "DEVICE" in lines[-1]


async def test_a_hub_that_is_not_there_may_come_back(
    hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NotUsableYet):
        await fetched()
    assert not hub.requests
