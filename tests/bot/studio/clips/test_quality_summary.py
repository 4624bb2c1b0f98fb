"""Scores are summarised by message keys that have texts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.i18n import Translations
from bot.studio.clips.quality_summary import MEASURES, figure, key_of, shown_scores, summary
from storage.domain.camera.motion import Motion
from tests.support.examples import CLIP


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("motion", 0.8, 0.3),
        ("shake", 0.0001, 0.02),
        ("first_frame", 99.0, 18.0),
        ("flicker", 0.01, 0.08),
    ],
)
def test_each_score_has_a_good_and_a_bad_text(name: str, good: float, bad: float) -> None:
    texts = Translations.load()
    assert name in MEASURES
    assert key_of(name, good) != key_of(name, bad)
    assert texts.has(key_of(name, good))
    assert texts.has(key_of(name, bad))


def test_a_good_flicker_is_left_out() -> None:
    clip = replace(CLIP, scores=(("flicker", 0.01), ("motion", 1.0)))
    assert summary(clip) == ("verdict_motion_good",)
    flickering = replace(clip, scores=(("flicker", 0.1), ("motion", 1.0)))
    assert summary(flickering) == ("verdict_motion_good", "verdict_flicker_bad")


def test_an_intended_shake_is_not_called_shaky() -> None:
    assert summary(replace(CLIP, motion=Motion.SHAKE, scores=(("shake", 0.02),))) == ()


def test_no_motion_that_nobody_asked_for_is_called_as_asked() -> None:
    clip = replace(CLIP, scores=(("motion", 1.0), ("shake", 0.0001)))
    assert summary(clip, asked=False) == ("verdict_shake_good",)
    assert shown_scores(clip, asked=False) == (("shake", 0.0001),)
    assert shown_scores(clip, asked=True) == clip.scores


def test_of_a_camera_that_moves_alone_only_that_is_said() -> None:
    clip = replace(CLIP, scores=(("motion", 1.0), ("shake", 0.0001)))
    assert summary(clip, camera_alone=True) == ("verdict_camera_good", "verdict_shake_good")
    assert key_of("motion", 0.1, camera_alone=True) == "verdict_camera_bad"


def test_an_unknown_score_is_only_a_figure() -> None:
    assert (key_of("seed_7", 2.25), figure("seed_7", 2.25)) == ("", "2.25")
