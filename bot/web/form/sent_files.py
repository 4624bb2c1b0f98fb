"""Files that a call sends along: those that were uploaded to the page, and no others."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import gradio as gr
from gradio_client.utils import is_file_obj_with_meta, traverse

NOT_UPLOADED = "This file was not uploaded to the page."


class PageBlocks(gr.Blocks):  # type: ignore[misc]  # Gradio's types are not read
    """Gradio's blocks, which hand nothing to Gradio that names a file outside a folder.

    Gradio itself copies, and sends back, whatever file of this machine a call names.
    """

    def __init__(self, folder: Path, **facts: Any) -> None:
        super().__init__(**facts)
        self._folder = folder.resolve()

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Return the inputs of a function; raise gradio.Error for a file that was not uploaded."""
        try:
            paths = list[str]()
            traverse(inputs, lambda one: paths.append(one["path"]), is_file_obj_with_meta)
        except AttributeError:  # its meta is no object
            raise gr.Error(NOT_UPLOADED, print_exception=False) from None
        for path in paths:
            if not await asyncio.to_thread(is_upload, path, self._folder):
                raise gr.Error(NOT_UPLOADED, print_exception=False)
        return await super().preprocess_data(block_fn, inputs, state, explicit_call)  # type: ignore[no-any-return]


def is_upload(path: str, folder: Path) -> bool:
    """Tell whether a path names a regular file in a folder, by whatever links it leads there."""
    try:
        found = Path(path).resolve(strict=True)
        return found.is_relative_to(folder) and stat.S_ISREG(found.stat().st_mode)
    except (OSError, RuntimeError, ValueError):  # not there, links in a circle, a zero byte
        return False
