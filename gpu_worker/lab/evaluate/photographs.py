"""Reads the photographs to evaluate with: the test set, or every picture of a folder.

The test set is what scikit-image and scikit-learn carry in their wheels. Nothing of this project
is trained on it; some constants of the rendering were chosen by looking at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

TEST_SET: tuple[tuple[str, str], ...] = (
    ("skimage.data", "astronaut.png"),
    ("skimage.data", "camera.png"),
    ("skimage.data", "chelsea.png"),
    ("skimage.data", "coffee.png"),
    ("skimage.data", "coins.png"),
    ("skimage.data", "gravel.png"),
    ("skimage.data", "hubble_deep_field.jpg"),
    ("skimage.data", "moon.png"),
    ("skimage.data", "motorcycle_left.png"),
    ("skimage.data", "rocket.jpg"),
    ("sklearn.datasets.images", "china.jpg"),
    ("sklearn.datasets.images", "flower.jpg"),
)
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"})


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture's name, which names its clips, and its file's bytes."""

    stem: str
    data: bytes


def samples() -> list[Photograph]:
    """Return the test photographs; raise FileNotFoundError where a package is not installed."""
    try:
        return [
            Photograph(Path(name).stem, resources.files(package).joinpath(name).read_bytes())
            for package, name in TEST_SET
        ]
    except ModuleNotFoundError as error:
        raise FileNotFoundError(
            f"{error.name} carries the test photographs and is not installed; give --pictures DIR"
        ) from error


def of_folder(folder: Path) -> list[Photograph]:
    """Return every picture of a folder by name; raise FileNotFoundError where there is none."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise FileNotFoundError(f"{folder} holds no pictures")
    stems = [path.stem for path in files]
    names = [path.stem if stems.count(path.stem) == 1 else path.name for path in files]
    return [Photograph(name, path.read_bytes()) for name, path in zip(names, files, strict=True)]
