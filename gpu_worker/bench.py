"""Bench: `python -m gpu_worker.bench` measures the engine against the stock pipeline."""

from __future__ import annotations

import sys

from gpu_worker.models.bench.run import main

if __name__ == "__main__":
    sys.exit(main())
