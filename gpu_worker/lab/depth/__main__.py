"""Train a small depth estimator: `python -m gpu_worker.lab.depth --out FOLDER [--minutes 4]`.

DEPTH_MODEL=FOLDER then moves a camera through the scenes of pictures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gpu_worker.lab.depth.training import train


def main(arguments: Sequence[str]) -> int:
    """Train and write; print how well held-out scenes are followed."""
    parser = argparse.ArgumentParser("python -m gpu_worker.lab.depth", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FOLDER", required=True)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--scenes", type=int, default=400)
    options = parser.parse_args(arguments)
    report = train(options.out, 60 * options.minutes, options.scenes)
    sys.stdout.write(f"{report.steps} steps, correlation {report.correlation:.2f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
