"""Texts: prompts and other options, forms, messages on the wire, settings and their files."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.service import check_urls
from bot.settings import BotSettings
from bot.studio.options import Options
from bot.studio.parameter_lines import read_form_lines
from gpu_worker.settings import WorkerSettings
from storage.catalogue_file import CatalogueError, load_catalogue
from storage.codec import CodecError
from storage.domain.clip import Failure
from storage.domain.errors import BadRequest
from storage.domain.progress import Progress, Stage
from storage.prices_file import PricesError, load_prices
from storage.queue.messages import events, orders, outcomes
from storage.queue.messages.wire import WrongVersion
from storage.settings import Settings, SettingsError
from tests.fuzz.campaign import Attempt
from tests.fuzz.mutation import NUMBERS, changed_bytes, changed_json, text
from tests.support.catalogue.admission import ADMISSION, CATALOGUE_FILE, admit
from tests.support.examples import CLIP, REQUEST

PRICES_FILE = CATALOGUE_FILE.parent / "deploy" / "prices.yaml"
SCHEMES = (
    "redis://",
    "sqlite+aiosqlite:///",
    "postgresql+asyncpg://",
    "file://",
    "s3://",
    "https://",
)
EDGES = (0, -1, 2**31, 2**63, 1e308, float("nan"), float("inf"), 0.5)


@asynccontextmanager
async def prompts() -> AsyncIterator[Attempt]:
    """Admit an order with any prompt, and any values of other options."""
    names = [option.name for option in ADMISSION.table]

    async def attempt(rng: random.Random) -> bool:
        values: dict[str, str | int | float] = {"prompt": text(rng)}
        for name in rng.sample(names, rng.choice((0, 0, 1, 2))):
            values[name] = rng.choice((text(rng), rng.choice(NUMBERS), rng.choice(EDGES)))
        try:
            admit(Options(**values))
        except BadRequest:
            return False
        return True

    yield attempt


@asynccontextmanager
async def forms() -> AsyncIterator[Attempt]:
    """Read the lines of a form, and admit what they ask for."""
    names = [option.name for option in ADMISSION.table]

    async def attempt(rng: random.Random) -> bool:
        lines = (
            f"{rng.choice((rng.choice(names), text(rng)[:30]))}{rng.choice(': ：=')}"
            f"{rng.choice((text(rng), rng.choice(NUMBERS)))}"
            for _ in range(rng.randrange(6))
        )
        try:
            values = read_form_lines(ADMISSION.table, rng.choice(("\n", "\r")).join(lines))
            admit(Options(**({"prompt": "waves"} | values)))
        except BadRequest:
            return False
        return True

    yield attempt


@asynccontextmanager
async def wire() -> AsyncIterator[Attempt]:
    """Read a changed message of each kind."""
    progress = events.Progressed("job", 1, Progress(Stage.DENOISING, 3, 8, eta=2.5))
    failure = Failure("failed_encoding", (("a", "b"),))
    known: list[tuple[str, Callable[[str], object]]] = [
        (orders.write_order(orders.Order("job", 1, REQUEST, 10**7)), orders.read_order),
        (events.write_event(progress), events.read_event),
        (events.write_event(events.Ended("job", 1)), events.read_event),
        (events.write_change(events.Changed("job", "process")), events.read_change),
        (outcomes.write_outcome(CLIP), outcomes.read_outcome),
        (outcomes.write_outcome(failure), outcomes.read_outcome),
    ]

    async def attempt(rng: random.Random) -> bool:
        message, read = rng.choice(known)
        try:
            read(changed_json(rng, message))
        except (CodecError, WrongVersion):
            return False
        return True

    yield attempt


@asynccontextmanager
async def settings() -> AsyncIterator[Attempt]:
    """Read the settings of bot or worker from an environment of any values."""
    kinds: list[type[Settings]] = [Settings, BotSettings, WorkerSettings]

    async def attempt(rng: random.Random) -> bool:
        kind = rng.choice(kinds)
        names = [name.upper() for name in kind.model_fields]
        given = {} if kind is not BotSettings else {"DISCORD_TOKEN": "a.b.c"}
        for name in rng.sample(names, rng.randint(1, 3)):
            start = rng.choice(("", "", "~", "./", "/tmp/", *SCHEMES))
            value = start + rng.choice((text(rng), rng.choice(NUMBERS), text(rng)[:30]))
            given[name] = value.replace("\0", "").encode(errors="replace").decode()
        try:
            found = kind.from_environment(given)
            check_urls(found)
            found.hardware(found.offered()[0])
            found.prices()
        except (SettingsError, CatalogueError) as error:
            assert "\n" not in str(error), "more than one line"
            return False
        return True

    yield attempt


@asynccontextmanager
async def files() -> AsyncIterator[Attempt]:
    """Read a changed generation.yaml or price list."""
    known = {
        CATALOGUE_FILE.read_bytes(): (load_catalogue, CatalogueError),
        PRICES_FILE.read_bytes(): (load_prices, PricesError),
    }
    with TemporaryDirectory() as folder:
        path = Path(folder) / "changed.yaml"

        async def attempt(rng: random.Random) -> bool:
            data = rng.choice(list(known))
            load, wrong = known[data]
            path.write_bytes(_changed_lines(rng, data))
            try:
                load(path)
            except wrong as error:
                assert "\n" not in str(error), "more than one line"
                return False
            return True

        yield attempt


def _changed_lines(rng: random.Random, data: bytes) -> bytes:
    """Return a YAML file with a value replaced, a line moved, or bytes changed."""
    if rng.random() < 0.3:
        return changed_bytes(rng, data)
    lines = data.decode().splitlines()
    at = rng.randrange(len(lines))
    key, colon, _ = lines[at].partition(":")
    others: list[str] = ["", text(rng)[:100], rng.choice(NUMBERS), "[1, 2]", "{a: b}", "&a [*a]"]
    match rng.randrange(4):
        case 0:
            lines[at] = f"{key}{colon} {rng.choice(others)}"
        case 1:
            del lines[at]
        case 2:
            lines.insert(at, lines[rng.randrange(len(lines))])
        case 3:
            lines[at] = " " * rng.randrange(6) + lines[at].lstrip()
    return "\n".join(lines).encode(errors="replace")
