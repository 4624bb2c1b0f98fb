"""`python -m storage.filter FILE...`: what the content filter says of pictures, and its time.

The scores are for whoever runs a service and chooses its limits; people are never told them.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from storage.domain.errors import BadPicture, Unavailable
from storage.filter.content_checker import OPEN_NSFW, ContentChecker
from storage.filter.squares import SQUARE_BYTES
from storage.pictures.processes import PictureProcesses


async def score_files(files: Sequence[Path], factory: str) -> int:
    """Print the score of each file and how long it took; return the exit status."""
    decoders, checker, times = PictureProcesses(), ContentChecker(factory), []
    try:
        await checker.score([bytes(SQUARE_BYTES)])  # started, so that only the scoring is timed
        for file in files:
            try:
                _, square = await decoders.examine(file.read_bytes())
            except (OSError, BadPicture) as error:
                print(f"{file}: cannot be read: {error}")
                continue
            began = time.perf_counter()
            score = await checker.score([square])
            times.append(1000 * (time.perf_counter() - began))
            print(f"{score:.3f}  {times[-1]:4.0f} ms  {file}")
    except Unavailable:
        print("the content filter gives no answer", file=sys.stderr)
        return 1
    finally:
        decoders.close()
        checker.close()
    if times:
        print(f"median {statistics.median(times):.0f} ms, most {max(times):.0f} ms")
    return 0


def main() -> int:
    """Read the arguments; return the exit status."""
    parser = argparse.ArgumentParser("storage.filter", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--factory", default=OPEN_NSFW, help="MODULE:FUNCTION of another filter")
    given = parser.parse_args()
    return asyncio.run(score_files(given.files, given.factory))


if __name__ == "__main__":
    sys.exit(main())
