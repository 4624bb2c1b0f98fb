"""Train a style of the embedded model: `python -m gpu_worker.lab.styles --out FILE --look sepia`.

What a path uncovers then has the look. Put the file into STYLES_DIR, and order with its name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from gpu_worker.lab.evaluate import photographs
from gpu_worker.lab.styles.looks import LOOKS
from gpu_worker.lab.styles.training import train
from gpu_worker.lab.training.data import image_dataset
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.media.frames import Frame


def main(arguments: Sequence[str]) -> int:
    """Train and write; print how much nearer clips that were not seen have come to the look."""
    parser = argparse.ArgumentParser("python -m gpu_worker.lab.styles", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE", required=True)
    parser.add_argument("--look", choices=LOOKS, required=True)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--clips", type=int, default=160, help="encoded to train on")
    parser.add_argument("--pictures", type=Path, help="a folder; else those of the training")
    parser.add_argument("--work", type=Path, default=Path("build/embedded"), help="the training's")
    options = parser.parse_args(arguments)
    images = _images(options.pictures, options.work)
    look, seconds = LOOKS[options.look], 60 * options.minutes
    report = train(options.out, images, look, seconds=seconds, clips=options.clips)
    sys.stdout.write(f"{report.steps} steps, loss {report.before:.3f} -> {report.after:.3f}\n")
    return 0


def _images(folder: Path | None, work: Path) -> ImageDataset:
    if folder is None:
        work.mkdir(parents=True, exist_ok=True)
        return image_dataset.load(work)
    return ImageDataset([_decoded(one.data) for one in photographs.of_folder(folder)], [], [], {})


def _decoded(data: bytes) -> Frame:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit("a file of the folder is no picture that can be read")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
