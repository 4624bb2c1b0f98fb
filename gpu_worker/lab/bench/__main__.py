"""Bench: `python -m gpu_worker.lab.bench` measures the engine against the stock pipeline."""

from __future__ import annotations

import sys

from gpu_worker.lab.bench.command_line import main

if __name__ == "__main__":
    sys.exit(main())
