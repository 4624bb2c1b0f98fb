"""The example of docs/web.md works: a script orders a clip and is told why one is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.studio.events import HeldJobsChanged, JobChanged, JobProgressed
from bot.studio.options import Options
from bot.studio.orders.order_draft import Requester
from bot.web.files.script_files import ScriptFiles
from bot.web.form.context import PageContext
from bot.web.form.scripts import Scripts
from storage.domain.job import ReplyTarget
from storage.domain.progress import Progress, Stage
from tests.support.backend import png, until
from tests.support.examples import job
from tests.support.web.served_page import ServedPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOCUMENT = Path(__file__).parents[3] / "docs" / "web.md"


def run_example(url: str, folder: Path) -> Mapping[str, Any]:
    """Run the document's example with another address and file; return its names."""
    [code] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    picture = folder / "cat.png"
    picture.write_bytes(png())
    code = code.replace("http://127.0.0.1:7860/", url).replace("cat.jpg", str(picture))
    names: dict[str, Any] = {}
    exec(code, names)
    return names


async def test_the_documents_example_makes_a_clip(served: ServedPage, tmp_path: Path) -> None:
    names = await asyncio.to_thread(run_example, served.url, tmp_path)
    assert names["status"]["status"] == "done"
    clip = await asyncio.to_thread(Path(names["clip"]).read_bytes)
    assert clip[4:8] == b"ftyp"
    request = served.backend.worker.orders[0].request
    assert (request.prompt, request.steps, request.seed) == ("zoom in", 6, 7)
    client, told = names["client"], names["AppError"]
    for options, reason in (
        ({"steps": 10**6}, "“steps” must lie"),
        ({"step": 6}, "no option “step”"),
        ({"spoiler": 1}, "no option “spoiler”"),
        ({"seed": "x"}, "I cannot read"),
    ):
        with pytest.raises(told, match=reason):
            await asyncio.to_thread(client.predict, None, "zoom in", options, api_name="/order")
    assert len(served.backend.worker.orders) == 1


async def test_a_script_wakes_for_its_own_order_and_its_clip_is_one_file(
    served: ServedPage, tmp_path: Path
) -> None:
    studio, folder = served.backend.studio, tmp_path / "files"
    folder.mkdir()
    unused: Any = None
    scripts = Scripts(PageContext(studio, unused, unused, unused, ScriptFiles(folder)))
    half = Progress(Stage.DENOISING, 1, 2)
    with studio.subscribe() as events:
        for event in (JobChanged(job("other")), JobProgressed("other", half), HeldJobsChanged()):
            events.put(event)
        own, later = JobProgressed("own", half), JobProgressed("later", half)
        events.put(own)
        events.put(later)
        await scripts._news(events, "own")
        assert await anext(events) == later
    web = Requester("web", "en", ReplyTarget("web"), 10**7)
    made = await studio.orders.submit(web, png(), Options("zoom in"))
    await until(served.backend.all_jobs_delivered)
    made = await studio.job(made.id)
    assert await scripts._file(made) == await scripts._file(made)
    assert len([one for one in folder.rglob("*") if one.is_file()]) == 1
