"""Made-up uploads, clips, credentials, styles, prompts, forms, custom_ids, messages and settings.

Each input is made from a seed, so that a fault can be made again. Prints a table; the exit status
is 1 where an input was met by anything but our own errors, took over 2 s, or filled the memory.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.fuzz.campaign import HEADER, SHOWN, Target, campaign
from tests.fuzz.discord_targets import custom_ids
from tests.fuzz.file_targets import clips, credentials, styles, uploads
from tests.fuzz.text_targets import files, forms, prompts, settings, wire

TARGETS: dict[str, Target] = {
    "uploads": uploads,
    "clips": clips,
    "credentials": credentials,
    "styles": styles,
    "prompts": prompts,
    "forms": forms,
    "custom_ids": custom_ids,
    "wire": wire,
    "settings": settings,
    "files": files,
}


async def run(names: list[str], count: int, seed: int) -> int:
    """Print a row for each target; return how many faults there are."""
    print(HEADER)
    total = 0
    for name in names:
        findings = await campaign(name, TARGETS[name], count, seed)
        print(findings.line(), flush=True)
        for fault in findings.faults[:SHOWN]:
            print(fault, file=sys.stderr)
        total += len(findings.faults)
    return total


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    arguments = parser.parse_args()
    faults = asyncio.run(run(arguments.targets, arguments.inputs, arguments.seed))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
