"""Times each stage of an engine's start: `python -m gpu_worker.lab.bench.cold_start`.

Prints one JSON object: seconds since the process began, by the end of each stage, and
`processor`, the seconds that the processor worked for it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate
from gpu_worker.models.i2vgen_xl.checkpoint.readahead import start_readahead

TICKS = 100
"""What the kernel counts per second in /proc."""


def main() -> int:
    """Start an engine, make one step, and print when each stage was done."""
    parser = argparse.ArgumentParser(
        prog="python -m gpu_worker.lab.bench.cold_start", description=__doc__
    )
    parser.add_argument("source", nargs="?", default="embedded")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    stages = {"python": since_start()}
    start_readahead(locate(options.source))
    import_module("torch")
    stages["torch"] = since_start()
    # Imported here, so that each import can be timed.
    classes: Any = import_module("gpu_worker.models.i2vgen_xl.engine")
    stages["classes"] = since_start()
    engine = classes.I2VGenXL(options.source, device=options.device)
    engine.load()
    stages["weights"] = since_start()
    engine.warm_up()
    stages["first_step"] = since_start()
    stages["processor"] = time.process_time()
    print(json.dumps({name: round(seconds, 3) for name, seconds in stages.items()}))
    return 0


def since_start() -> float:
    """Return the seconds since the kernel started this process."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - float(fields[19]) / TICKS


if __name__ == "__main__":
    sys.exit(main())
