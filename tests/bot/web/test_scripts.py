"""The example of docs/web.md works: a script orders a clip and is told why one is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.backend import png
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
