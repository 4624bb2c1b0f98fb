"""The canvas: which part of an upload a clip opens with, and how it is scaled."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from gpu_worker.media.picture import ENLARGEMENT, centre_window, fit
from storage.domain.errors import BadPicture


def upload(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def stripes(width: int, height: int) -> Image.Image:
    """Return a picture whose red grows to the right and green downwards."""
    x = np.broadcast_to(np.linspace(0, 255, width), (height, width))
    y = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
    return Image.fromarray(np.stack([x, y, np.full_like(x, 90)], axis=-1).round().astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "aspect", "window"),
    [
        ((200, 100), 1.0, (50, 0, 100, 100)),
        ((100, 200), 1.0, (0, 50, 100, 100)),
        ((160, 90), 16 / 9, (0, 0, 160, 90)),
        ((100, 100), 4 / 3, (0, 12.5, 100, 75)),
    ],
)
def test_the_window_is_the_largest_centred_one(
    size: tuple[int, int], aspect: float, window: tuple[float, float, float, float]
) -> None:
    assert centre_window(*size, aspect) == pytest.approx(window)


def test_a_picture_of_the_clips_size_is_left_alone() -> None:
    picture = stripes(128, 96)
    canvas = fit(upload(picture), 128, 96)
    assert np.array_equal(canvas.source, np.asarray(picture))
    assert np.array_equal(canvas.fitted, np.asarray(picture))


@pytest.mark.parametrize("size", [(40, 40), (150, 111), (900, 333), (333, 900), (2000, 1500)])
def test_the_fitted_picture_is_the_centre_at_the_clips_size(size: tuple[int, int]) -> None:
    canvas = fit(upload(stripes(*size)), 160, 96)
    assert canvas.fitted.shape == (96, 160, 3)
    x, y, width, height = canvas.window
    assert width / height == pytest.approx(160 / 96, rel=1e-6)
    rows, columns = canvas.source.shape[:2]
    wanted = (np.array([x + width / 2, y + height / 2]) / [columns, rows] * 255).round()
    centre = canvas.fitted[47:49, 79:81, :2].mean(axis=(0, 1))
    assert centre == pytest.approx(wanted, abs=2)


def test_a_large_source_is_shrunk_but_keeps_what_a_zoom_needs() -> None:
    canvas = fit(upload(stripes(4000, 1000)), 128, 128)
    assert canvas.source.shape[:2] == (128 * ENLARGEMENT, 512 * ENLARGEMENT)
    assert canvas.window == pytest.approx((192 * ENLARGEMENT, 0, 384, 384))


def test_shrinking_fine_stripes_gives_grey_not_moire() -> None:
    fine = np.zeros((1200, 1200, 3), np.uint8)
    fine[:, ::2] = 255
    fitted = fit(upload(Image.fromarray(fine)), 128, 128).fitted
    assert fitted.std() < 6
    assert fitted.mean() == pytest.approx(127.5, abs=3)


def test_an_upload_that_is_no_picture_is_refused() -> None:
    with pytest.raises(BadPicture):
        fit(b"nothing", 128, 128)
