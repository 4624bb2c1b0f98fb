"""Fetching of a checkpoint from the Hugging Face hub: what is needed, resumed where it was cut.

Files that are in the hub's cache already (HF_HOME) are not asked for again, and a revision that is
named by its commit is then taken without the hub.
"""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Self

from httpx2 import HTTPError
from huggingface_hub import HfApi, RepoFile, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from gpu_worker.engine.api import NotUsable, NotUsableYet
from gpu_worker.models.i2vgen_xl.checkpoint import traits
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import COMPONENTS, choose, weight_files
from gpu_worker.models.model_index import FILE as INDEX
from gpu_worker.models.model_index import OWN, ModelIndex, read_index
from storage.domain.text import printable

OnBytes = Callable[[int, int], None]
"""Hears how many bytes of a download are there, and of how many."""

COMMIT = re.compile(r"[0-9a-f]{40}")
FOLDERS = ("tokenizer", "scheduler", "feature_extractor")
"""What is taken whole, beside each component's config and weights."""

CONFIG = "config.json"
SMALL = (".json", ".txt", ".model")
"""The files of a component that are no weights: configurations and vocabularies."""


def fetch(repository: str, revision: str | None, on_bytes: OnBytes) -> Path:
    """Return the folder of a checkpoint of the hub, downloading what is missing.

    revision is a branch, a tag or a commit; None is the main branch. Raise NotUsable, or
    NotUsableYet where another try may succeed: what was downloaded is kept for it.
    """
    if revision is not None and COMMIT.fullmatch(revision):
        folder = _cached(repository, revision)
        if folder is not None:
            return folder
    with named_errors(repository, revision):
        commit = HfApi().model_info(repository, revision=revision).sha
        files = _files(repository, commit)
        counter = _ByteCounter(sum(size for _, size in files), on_bytes)
        for name, size in files:
            path = hf_hub_download(
                repository, name, revision=commit, tqdm_class=counter.bar_class()
            )
            counter.finish(size)
    return Path(path).parents[len(PurePosixPath(name).parts) - 1]


def _cached(repository: str, revision: str) -> Path | None:
    """Return the cache's folder of a commit, None unless it holds all that is needed."""
    try:
        folder = Path(snapshot_download(repository, revision=revision, local_files_only=True))
        index = read_index(folder)
        own = index.pipeline == OWN
        for component in (*COMPONENTS, *FOLDERS) if own else index.components:
            if not (folder / component).is_dir():
                return None
            if (folder / component / CONFIG).is_file():
                weight_files(folder / component)
            elif component in COMPONENTS:
                return None
    except (LocalEntryNotFoundError, NotUsable):
        return None
    return folder


def _files(repository: str, commit: str | None) -> list[tuple[str, int]]:
    """Return the files to download and their bytes, the small ones first; raise NotUsable."""
    tree = HfApi().list_repo_tree(repository, revision=commit, recursive=True)
    sizes = {one.path: one.size for one in tree if isinstance(one, RepoFile)}
    index = ModelIndex()
    if INDEX in sizes:
        index = read_index(Path(hf_hub_download(repository, INDEX, revision=commit)).parent)
    names = [one for one in (INDEX, traits.FILE) if one in sizes]
    if index.pipeline == OWN:
        names += _own_files(repository, sizes)
    else:
        for component in index.components:
            names += _component_files(repository, component, sizes)
    return sorted(((name, sizes[name]) for name in names), key=lambda one: one[1])


def _component_files(repository: str, component: str, sizes: Collection[str]) -> list[str]:
    """Return a component's small files, and those of its weights where it has any."""
    paths = [PurePosixPath(name) for name in sizes]
    inside = [path.name for path in paths if path.parent == PurePosixPath(component)]
    chosen = [name for name in inside if name.endswith(SMALL)]
    if CONFIG in inside:
        chosen += choose(f"{repository}/{component}", inside)
    return [f"{component}/{name}" for name in chosen]


def _own_files(repository: str, sizes: Collection[str]) -> list[str]:
    """Return the files of a checkpoint of I2VGen-XL's classes."""
    names = [name for name in sizes if name.startswith(tuple(f"{one}/" for one in FOLDERS))]
    for component in COMPONENTS:
        inside = [PurePosixPath(name).name for name in sizes if name.startswith(f"{component}/")]
        if CONFIG not in inside:
            raise NotUsable(f"{repository} holds no checkpoint: there is no {component}/{CONFIG}")
        chosen = choose(f"{repository}/{component}", inside)
        names += [f"{component}/{name}" for name in (CONFIG, *chosen)]
    return names


class _ByteCounter:
    """Counts the bytes of several downloads as one."""

    def __init__(self, total: int, on_bytes: OnBytes) -> None:
        self._total = total
        self._on_bytes = on_bytes
        self._before = 0  # bytes of the files that are there
        self._lock = threading.Lock()

    def finish(self, size: int) -> None:
        """Count a file as there."""
        self._before += size
        self._on_bytes(self._before, self._total)

    def bar_class(self) -> Any:
        """Return what the hub's library uses in place of a progress bar."""
        counter = self

        class Bar:
            def __init__(self, *_: object, initial: int = 0, **_options: object) -> None:
                self._bytes = initial

            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                return None

            def update(self, more: float | None = 1) -> None:
                with counter._lock:
                    self._bytes += int(more or 0)
                    counter._on_bytes(counter._before + self._bytes, counter._total)

            def close(self) -> None:
                return None

            def set_postfix_str(self, *_: object, **_options: object) -> None:
                return None

        return Bar


@contextmanager
def named_errors(repository: str, revision: str | None) -> Iterator[None]:
    """Raise NotUsable or NotUsableYet, in one line, for what the hub's library raises."""
    where = repository if revision is None else f"{repository}@{revision}"
    try:
        yield
    except GatedRepoError as error:
        raise NotUsable(
            f"{where} may be read only by those to whom its owner gave access: set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise NotUsable(f"{repository} has no revision {printable(revision)}") from error
    except RepositoryNotFoundError as error:
        raise NotUsable(
            f"the Hugging Face hub knows no {where}, or HF_TOKEN has no access to it"
        ) from error
    except OfflineModeIsEnabled as error:
        raise NotUsable(f"{where} is not in the cache, and HF_HUB_OFFLINE is set") from error
    except (HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise NotUsableYet(f"{where} cannot be fetched: the disk of HF_HOME is full") from error
        text = printable(next(filter(None, str(error).splitlines()), type(error).__name__))[:300]
        if isinstance(error, HfHubHTTPError) and _is_final(error.response.status_code):
            raise NotUsable(f"{where} cannot be fetched: {text}") from error
        raise NotUsableYet(f"{where} cannot be fetched yet: {text}") from error


def _is_final(status: int) -> bool:
    """Tell whether the same request will be answered in the same way later."""
    return 400 <= status < 500 and status not in (408, 425, 429)
