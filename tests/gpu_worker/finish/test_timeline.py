"""A loop's last frame goes over into its first like any frame into the next."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from gpu_worker.finish.finishing import finished
from gpu_worker.finish.timeline import Steps, dissolved, there_and_back
from gpu_worker.media.frames import Frames
from storage.domain.finish import Finish
from tests.gpu_worker.finish.films import SIZE, camera, difference, passing, photograph


def circle(frames: int) -> Frames:
    """Return a camera that goes in a circle, which ends one step before its beginning."""
    picture, seen = photograph("astronaut.png"), []
    for angle in np.linspace(0.0, 2 * np.pi, frames, endpoint=False):
        place = np.array([[2, 0, 60 + 30 * np.cos(angle)], [0, 2, 60 + 30 * np.sin(angle)]])
        flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
        seen.append(cv2.warpAffine(picture, place, SIZE, flags=flags))
    return np.stack(seen).astype(np.uint8)


FILMS = {
    "pan": camera(photograph("astronaut.png"), 12, right=0.15),
    "zoom": camera(photograph("chelsea.png"), 12, zoom=1.5),
    "thing": passing(photograph("coffee.png"), photograph("chelsea.png"), 12, right=0.0),
    "circle": circle(16),
    "whole circle": np.concatenate([circle(16), circle(16)[:1]]),
}


def made(film: Frames, finish: Finish) -> Frames:
    with finished(film, 8, finish, lambda *_: None) as ready:
        assert ready.fps == max(8, finish.fps)
        assert len(ready.frames) == len(list(ready.frames))
        return np.stack(list(ready.frames))


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize(
    "finish", [Finish(loop=True), Finish(loop=True, reverse=True), Finish(loop=True, fps=16)]
)
def test_a_loop_closes_by_a_step_like_any_other(name: str, finish: Finish) -> None:
    loop = made(FILMS[name], finish)
    steps = [difference(*pair) for pair in pairwise(loop)]
    around = difference(loop[-1], loop[0])
    assert 0.9 * min(steps) <= around <= 1.05 * max(steps)
    assert around <= 1.5 * float(np.median(steps))
    assert min(*steps, around) > 0.05 * float(np.median(steps))  # no frame comes twice


def test_a_camera_move_goes_there_and_back_over_every_frame() -> None:
    film = FILMS["pan"]
    loop = made(film, Finish(loop=True))
    assert np.array_equal(loop[0], film[0])
    turn = len(loop) // 2
    assert np.array_equal(loop[turn], film[-1])
    for number in range(1, len(film) - 1):  # none is made anew, but where it turns
        assert np.array_equal(loop[number + 1], film[number])
    for step in range(1, turn):
        assert np.array_equal(loop[turn - step], loop[turn + step])


def test_what_moves_by_itself_never_goes_backwards() -> None:
    film = FILMS["thing"]
    assert not Steps.of(film).reversible
    loop = made(film, Finish(loop=True))
    assert len(loop) == 9  # a quarter of the film is dissolved into another
    for place in range(6):
        assert np.array_equal(loop[place], film[3 + place])


def test_a_clip_that_is_a_loop_already_stays_as_it_is() -> None:
    for name in ("circle", "whole circle"):
        assert np.array_equal(made(FILMS[name], Finish(loop=True)), FILMS["circle"])


def test_reverse_gives_the_same_frames_from_last_to_first() -> None:
    film = FILMS["zoom"]
    assert np.array_equal(made(film, Finish(reverse=True)), film[::-1])


@pytest.mark.parametrize(("fps", "count"), [(16, 23), (24, 34), (20, 28), (8, 12), (5, 12)])
def test_frames_are_added_between_those_of_the_clip(fps: int, count: int) -> None:
    film = FILMS["zoom"]
    smooth = made(film, Finish(fps=fps))
    assert len(smooth) == count
    if fps % 8 == 0:
        assert np.array_equal(smooth[:: fps // 8], film)


def test_steps_are_shorter_at_the_turns_alone() -> None:
    places = there_and_back(10, 2)
    steps = np.abs(np.diff([*places, places[0]]))
    assert (places[0], max(places)) == (0.0, 10.0)
    assert np.allclose(steps[:12], [0.25, 0.75, *[1.0] * 8, 0.75, 0.25])
    assert np.allclose(steps[12:], steps[:12])


def test_a_dissolve_keeps_to_the_order_of_time() -> None:
    moments = dissolved([float(time) for time in range(12)])
    assert [moment.time for moment in moments] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [moment.other for moment in moments if moment.share] == [0, 1, 2]
    shares = [moment.share for moment in moments[-3:]]
    assert shares == sorted(shares)
    assert 0.1 < shares[0] < shares[-1] < 0.9
