"""Draws the loss curves of all stages from the training log."""

import csv
from pathlib import Path

import cv2
import numpy as np

from gpu_worker.media.frames import Frame

PANELS = (
    ("autoencoder", "loss"),
    ("autoencoder", "held_out_psnr"),
    ("text", "loss"),
    ("vision", "loss"),
    ("unet", "loss"),
    ("unet", "left"),
)
WIDTH, HEIGHT, MARGIN = 420, 260, 46
INK, LINE = (60, 60, 60), (180, 90, 20)


def draw(log: Path, file: Path) -> None:
    """Draw the log's curves into a PNG file."""
    series = read(log)
    panels = [_panel(f"{stage}: {name}", series.get((stage, name), [])) for stage, name in PANELS]
    rows = [np.hstack(panels[start : start + 3]) for start in range(0, len(panels), 3)]
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), np.vstack(rows))


def read(log: Path) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return (minutes, value) per (stage, name); a step that was taken again counts once."""
    series: dict[tuple[str, str], dict[int, tuple[float, float]]] = {}
    with log.open(newline="") as lines:
        for stage, step, minutes, name, value in csv.reader(lines):
            steps = series.setdefault((stage, name), {})
            steps[int(step)] = (float(minutes), float(value))
    return {key: [steps[step] for step in sorted(steps)] for key, steps in series.items()}


def _panel(title: str, points: list[tuple[float, float]]) -> Frame:
    canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(canvas, title, (MARGIN, 20), font, 0.45, INK, 1, cv2.LINE_AA)
    if len(points) < 2:
        return canvas
    data = np.array(points)
    low, high = data.min(0), data.max(0)
    low[0] = 0.0
    if title.endswith("loss"):
        # The first steps would squeeze all that follows into a line.
        high[1] = np.quantile(data[:, 1], 0.97)
    span = np.maximum(high - low, 1e-9)
    scaled = (data - low) / span
    scaled[:, 1] = np.clip(scaled[:, 1], 0, 1)
    area = np.array([WIDTH - MARGIN - 16, HEIGHT - MARGIN - 34])
    line = scaled * [1, -1] * area + [MARGIN, HEIGHT - MARGIN]
    cv2.polylines(canvas, [line.round().astype(np.int32)], False, LINE, 1, cv2.LINE_AA)
    corner = (MARGIN, HEIGHT - MARGIN)
    cv2.line(canvas, corner, (WIDTH - 16, corner[1]), INK, 1)
    cv2.line(canvas, corner, (MARGIN, 34), INK, 1)
    for value, y in ((low[1], corner[1]), (high[1], 44)):
        cv2.putText(canvas, f"{value:.3g}", (2, int(y)), font, 0.38, INK, 1, cv2.LINE_AA)
    ends = f"{high[0]:.0f} min"
    cv2.putText(canvas, ends, (WIDTH - 70, HEIGHT - 26), font, 0.38, INK, 1, cv2.LINE_AA)
    return canvas
