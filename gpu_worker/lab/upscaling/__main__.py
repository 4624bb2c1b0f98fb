"""Fits the upscaling filters to photographs and writes them where the worker reads them.

Run as `python -m gpu_worker.lab.upscaling --work DIR`; prints how they do, against bicubic
enlargement, on the test photographs, which they are not fitted to. Takes minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gpu_worker.finish.upscale import FILTERS, Upscaler, bicubic
from gpu_worker.lab.evaluate import photographs as test_set
from gpu_worker.lab.upscaling.fit import fit
from gpu_worker.lab.upscaling.pairs import (
    SIZE_LIMITS,
    Pair,
    decoded,
    halved,
    pair,
    photographs,
    reduced,
    seen,
)
from gpu_worker.media.quality import psnr, ssim

TEST_SIDE = 1024


def pairs(work: Path) -> Iterator[Pair]:
    """Yield the training pairs."""
    for number, picture in enumerate(photographs(work)):
        print(f"photograph {number + 1}", flush=True)
        yield pair(picture, SIZE_LIMITS[number % len(SIZE_LIMITS)])


def measure(factor: int) -> None:
    """Print PSNR and SSIM beside bicubic's for each test photograph."""
    upscaler, gains = Upscaler.load(), []
    print(f"{factor}x: bicubic -> filters, in dB and SSIM")
    for photograph in test_set.samples():
        large = reduced(decoded(photograph.data), TEST_SIDE)
        small = large
        for _ in range(factor // 2):  # once, or twice
            small = halved(small)
        small = seen(small)
        plain, made = np.asarray(bicubic(small, factor), np.uint8), upscaler.upscale(small, factor)
        figures = [(psnr(one, large), ssim(one, large)) for one in (plain, made)]
        gains.append(figures[1][0] - figures[0][0])
        shown = " -> ".join(f"{decibels:.2f} {likeness:.4f}" for decibels, likeness in figures)
        print(f"{photograph.stem}: {shown}  ({gains[-1]:+.2f} dB)")
    print(f"mean gain {np.mean(gains):+.2f} dB, least {min(gains):+.2f} dB")


def main() -> None:
    """Fit, write and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("var/upscaling"))
    parser.add_argument("--measure", action="store_true", help="only measure what there is")
    options = parser.parse_args()
    if not options.measure:
        np.save(FILTERS, fit(pairs(options.work)))
    for factor in (2, 4):
        measure(factor)


if __name__ == "__main__":
    main()
