"""The cards of a job in each status."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.discord_ui.cards.card_renderer import CardRenderer, progress_bar
from bot.i18n import Translations
from bot.studio.models.availability import Availability
from bot.studio.options import Options
from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice
from storage.domain.camera.motion import Camera, Motion
from storage.domain.clip import Adjustment, Clip, Container, Failure
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.progress import Progress, Stage
from storage.domain.prompt import path_text
from tests.support.catalogue.admission import CATALOGUE, admit

REQUEST = admit(Options("a boat, pan left", seed=5))
JOB = Job(
    id="0" * 16,
    owner="1",
    request=REQUEST,
    reply_to=ReplyTarget("discord"),
    locale="en",
    cost=6,
    created=0.0,
    size_limit=1,
)
CLIP = Clip(
    blob="",
    poster="",
    container=Container.MP4,
    width=64,
    height=64,
    frames=16,
    fps=8,
    seed=5,
    motion=Motion.PAN_LEFT,
    bytes=2_000_000,
    seconds=200.0,
    adjustments=(Adjustment("adjusted_smaller", (("width", "64"), ("height", "64"))),),
    scores=(("first_frame", 31.0), ("flicker", 0.01), ("shake", 0.01), ("motion", 0.9)),
)
RENDERER = CardRenderer(Translations.load(), CATALOGUE)


DONE = replace(JOB, status=Status.DONE, clip=CLIP)
LINE = "-# 🎥 Pan left · seed 5 · 592×448 · 60 frames at 24 fps · 4 steps · Exact"


def test_a_waiting_card_shows_owner_position_and_start() -> None:
    card = RENDERER.waiting(JOB, QueueEstimate(2, 150.0))
    assert card.content.splitlines() == [
        "<@1> **a boat, pan left**",
        "⏳ Your clip is number 3 in the queue · starts in about 2 min",
        LINE,
    ]
    assert (card.actions, card.attachment) == (("cancel",), None)


def test_a_waiting_card_says_where_nobody_serves_the_model() -> None:
    card = RENDERER.waiting(JOB, QueueEstimate(0, 150.0, Availability.UNSERVED))
    assert card.content.splitlines()[1] == (
        "⏳ Your clip is next in the queue. No worker for the model embedded runs now; it begins"
        " when one does, and to cancel it costs nothing."
    )


def test_a_waiting_card_says_where_a_worker_is_started() -> None:
    card = RENDERER.waiting(JOB, QueueEstimate(1, 150.0, Availability.ON_DEMAND))
    assert card.content.splitlines()[1] == (
        "⏳ Your clip is number 2 in the queue. A worker for the model embedded is being started"
        " · starts in about 2 min"
    )
    card = RENDERER.waiting(JOB, QueueEstimate(1, None, Availability.ON_DEMAND))
    assert card.content.splitlines()[1].endswith("is being started.")


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.5, 10), (1.0, 20), (7.0, 20)])
def test_the_progress_bar_is_filled_by_its_share(share: float, filled: int) -> None:
    assert progress_bar(share).count("█") == filled
    assert len(progress_bar(share)) == 20


def test_a_running_card_shows_stage_step_and_time_left() -> None:
    running = replace(JOB, status=Status.RUNNING)
    card = RENDERER.running(running, Progress(Stage.DENOISING, 2, 8, eta=7200.0))
    assert "25% · making frames · step 2 of 8 · about 2 h left\n" in card.content
    card = RENDERER.running(running, Progress(Stage.PICTURE, 15, 30))
    assert "50% · making the first picture · step 15 of 30\n" in card.content
    assert "loading the model" in RENDERER.running(running, Progress(Stage.LOADING, 0, 8)).content


def test_the_progress_bar_never_decreases_between_two_candidates() -> None:
    stages = ((Stage.LOADING, 0), (Stage.DENOISING, 3), (Stage.DECODING, 4), (Stage.PREPARING, 4),
              (Stage.DENOISING, 5), (Stage.DECODING, 8), (Stage.ENCODING, 0))  # fmt: skip
    shares = [
        RENDERER.running(JOB, Progress(stage, step, 8)).content.count("█") for stage, step in stages
    ]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 20)


def test_a_path_is_described_in_words() -> None:
    options = Options("a boat", path="zoom in and pan left; hold", seed=5)
    request = admit(options)
    for locale, texts in (
        ("en", "Pan left + Zoom in → Hold still"),
        ("zh-CN", "推近 → 固定不动"),
    ):
        card = RENDERER.waiting(replace(JOB, request=request, locale=locale), None)
        assert f"{texts} · " in card.content


def test_a_motion_that_the_model_chose_is_shown_when_the_clip_is_done() -> None:
    quiet = replace(JOB, request=replace(REQUEST, prompt="a quiet house", reading=None))
    assert "-# seed 5 · 592×448" in RENDERER.waiting(quiet, None).content
    drift = replace(CLIP, motion=Motion.DRIFT)
    card = RENDERER.done(quiet, drift, b"").content
    assert "-# 🎥 Gentle drift · seed 5" in card
    assert "as asked" not in card


@pytest.mark.parametrize(
    ("locale", "line"), [("en", "🎥 Pan left (a guess) · "), ("zh-CN", "🎥 向左平移（猜测） · ")]
)
def test_a_guess_is_called_a_guess(locale: str, line: str) -> None:
    request = replace(REQUEST, prompt="the camera meanders", reading=None)
    card = RENDERER.done(replace(DONE, request=request, locale=locale), CLIP, b"").content
    assert line in card
    assert "as asked" not in card
    assert "按要求" not in card


def test_an_unusual_speed_is_shown() -> None:
    slow = replace(JOB, request=admit(Options("slowly pan left", seed=5)))
    assert "🎥 Pan left, slow · " in RENDERER.waiting(slow, None).content
    assert "🎥 向左平移，慢 · " in RENDERER.waiting(replace(slow, locale="zh-CN"), None).content


def test_a_finished_card_shows_scores_adjustments_and_advice() -> None:
    full = replace(DONE, request=replace(REQUEST, model="i2vgen-xl"))
    lines = RENDERER.done(full, CLIP, b"").content.splitlines()
    assert lines[1] == (
        "-# Made in 3 min for 6 credits · moves as asked · a bit shaky · true to the picture"
    )
    assert lines[2] == "🔧 The clip was made smaller (64×64) to fit into memory."
    assert lines[3] == LINE
    assert lines[4].startswith("-# 💡 ")
    assert "guidance 10 to 12" in lines[4]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_more_than_a_model_can_do_is_said_in_one_line_and_never_done_as_asked(locale: str) -> None:
    asked = replace(DONE, locale=locale, request=admit(Options("a man walks, pan left", seed=5)))
    texts, cached = RENDERER.texts.locales[locale], replace(asked, cached=True, cost=0)
    cards = [RENDERER.waiting(asked, None), RENDERER.running(asked, None)]
    cards += [RENDERER.done(job, CLIP, b"") for job in (asked, cached)]
    for card in cards:
        hints = [line for line in card.content.splitlines() if "💡" in line]
        assert hints == ["-# 💡 " + texts["advice_camera_alone"]]
        assert texts["verdict_motion_good"] not in card.content
    assert texts["verdict_camera_good"] in cards[-1].content
    full = replace(asked, request=replace(asked.request, model="i2vgen-xl"))
    done = RENDERER.done(full, replace(CLIP, scores=(("motion", 0.9),)), b"").content
    assert texts["verdict_motion_good"] in done
    assert "💡" not in done


def test_a_cached_clip_is_marked() -> None:
    lines = RENDERER.done(replace(DONE, cached=True, cost=0), CLIP, b"").content.splitlines()
    assert lines[1].startswith("-# From the cache: made before, so it cost nothing · moves")


def test_a_path_gets_no_advice_about_shaking() -> None:
    path = Camera(keyframes=path_text.read("zoom in, then pan left"))
    full = replace(DONE, request=replace(REQUEST, model="i2vgen-xl", camera=path))
    assert "💡" not in RENDERER.done(full, CLIP, b"").content


def test_every_card_respects_discords_limits() -> None:
    wordy = replace(JOB, request=replace(REQUEST, prompt="*" * 1000, negative_prompt="`" * 1000))
    hints = [Advice("advice_no_motion")] * 20
    assert len(RENDERER.too_large(wordy, CLIP).content) <= 1000
    assert len(RENDERER.waiting(wordy, None, hints).content) <= 2000


@pytest.mark.parametrize("name", ["job", "key", "self", "values", "locale"])
def test_a_failure_may_name_its_parameters_as_it_likes(name: str) -> None:
    failure = Failure("{job.__class__}", ((name, "{job.owner}"),))
    card = RENDERER.ended_without_clip(replace(JOB, status=Status.FAILED, failure=failure))
    assert "Something went wrong on our side" in card.content
    assert "class" not in card.content


def test_an_adjustment_of_another_release_is_left_out() -> None:
    clip = replace(CLIP, adjustments=(Adjustment("{0.__class__}", (("job", "a"),)),))
    card = RENDERER.done(replace(JOB, status=Status.DONE, clip=clip), clip, b"")
    assert "🔧" not in card.content


def test_files_are_described_by_the_prompt_and_spoilers_covered() -> None:
    request = replace(JOB.request, prompt="waves\n roll in", extra=(("spoiler", 1),))
    secret = replace(JOB, request=request)
    for job, name in ((JOB, "preview.webp"), (secret, "SPOILER_preview.webp")):
        card = RENDERER.running(job, None, preview=b"RIFF")
        assert card.attachment is not None
        file = card.attachment.to_file()
        assert file.filename == name
        assert file.description == " ".join(job.request.prompt.split())


def test_a_card_for_a_place_that_blocks_words_has_none_of_its_persons() -> None:
    card = RENDERER.done(DONE, CLIP, b"").without_prompt()
    assert card.attachment is not None
    assert JOB.request.prompt not in card.content + card.attachment.description
    assert "seed 5" in card.content
