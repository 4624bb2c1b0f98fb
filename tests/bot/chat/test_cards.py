"""What a job's message shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.cards import Painter, Wait, bar
from bot.chat.form import read_numbers
from bot.i18n import Words
from bot.options import Options
from storage.catalogue_file import load_catalogue
from storage.domain import path_text
from storage.domain.camera import Camera, Motion
from storage.domain.clip import Adjustment, Clip, Container
from storage.domain.job import Job, Place, Status
from storage.domain.progress import Progress, Stage

CATALOGUE = load_catalogue()
REQUEST = Options("a boat, pan left", seed=5).request(
    CATALOGUE, CATALOGUE.profiles["cpu"], "0" * 64, (4, 3), 0
)
JOB = Job(
    id="0" * 16,
    owner="1",
    request=REQUEST,
    place=Place("discord"),
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
    scores=(("shake", 0.01),),
)
PAINTER = Painter(Words.load(), CATALOGUE)


def test_a_waiting_card_tells_place_and_time() -> None:
    card = PAINTER.waiting(JOB, Wait(2, 150.0))
    assert card.content == ("<@1> ⏳ Your clip is number 3 in the queue · starts in about 2 min")


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.5, 10), (1.0, 20), (7.0, 20)])
def test_the_bar_is_filled_by_its_share(share: float, filled: int) -> None:
    assert bar(share).count("█") == filled
    assert len(bar(share)) == 20


def test_a_running_card_tells_what_is_being_done() -> None:
    running = replace(JOB, status=Status.RUNNING)
    card = PAINTER.running(running, Progress(Stage.DENOISING, 2, 8, eta=7200.0))
    assert "25% · making frames · step 2 of 8 · about 2 h left" in card.content
    assert "loading the model" in PAINTER.running(running, Progress(Stage.LOADING, 0, 8)).content


def test_the_motion_that_was_understood_is_shown() -> None:
    assert "🎥 Pan left" in str(PAINTER.waiting(JOB, None).embed.description)


def test_a_path_is_shown_in_words_and_in_poses() -> None:
    options = Options("a boat", path="zoom in and pan left; hold", seed=5)
    request = options.request(CATALOGUE, CATALOGUE.profiles["cpu"], "0" * 64, (4, 3), 0)
    for locale, words in (("en", "Pan left + Zoom in → Hold still"), ("zh-CN", "推近 → 固定不动")):
        embed = PAINTER.waiting(replace(JOB, request=request, locale=locale), None).embed
        assert words in str(embed.description)
    text = PAINTER.parameters(replace(JOB, request=request), CLIP)
    assert "path: 0.5 left 0.1556 zoom 1.2364 ease_in_out; 1 hold ease_in_out\n" in text
    pasted = replace(options, path=read_numbers(text)["path"])
    assert pasted.request(CATALOGUE, CATALOGUE.profiles["cpu"], "0" * 64, (4, 3), 0) == request


def test_a_finished_card_tells_what_was_changed_and_what_may_help() -> None:
    full = replace(REQUEST, model="i2vgen-xl")
    done = replace(JOB, status=Status.DONE, clip=CLIP, request=full)
    fields = {field.name: field.value for field in PAINTER.done(done, CLIP).embed.fields}
    assert "64×64" in str(fields["What was changed"])
    assert "guidance 10 to 12" in str(fields["A hint"])
    assert "It took 3 min and cost 6 credits" in PAINTER.done(done, CLIP).content


def test_a_path_with_turns_is_not_called_shaky() -> None:
    path = Camera(keyframes=path_text.read("zoom in, then pan left"))
    full = replace(REQUEST, model="i2vgen-xl", camera=path)
    done = replace(JOB, status=Status.DONE, clip=CLIP, request=full)
    assert "A hint" not in [field.name for field in PAINTER.done(done, CLIP).embed.fields]


def test_scores_are_named_in_the_persons_language() -> None:
    scores = (*((name, 1.5) for name in ("first_frame", "flicker", "motion", "shake", "clip")),)
    clip = replace(CLIP, scores=(*scores, ("seed_7", 2.25)))
    done = replace(JOB, status=Status.DONE, clip=clip, locale="zh-CN")
    fields = {field.name: str(field.value) for field in PAINTER.done(done, clip).embed.fields}
    assert "种子 7 总分: 2.25" in fields["评分"]
    assert "_" not in fields["评分"]


def test_the_parameters_that_are_shown_may_be_pasted_into_the_form() -> None:
    found = read_numbers(PAINTER.parameters(JOB))
    assert (found["seed"], found["steps"], found["guidance"]) == (5, REQUEST.steps, 1.0)


def test_every_card_keeps_discords_limits() -> None:
    wordy = replace(JOB, request=replace(REQUEST, prompt="*" * 1000, negative_prompt="`" * 1000))
    embed = PAINTER.undeliverable(wordy, CLIP).embed
    assert len(str(embed.description)) <= 4096
    assert all(len(str(field.value)) <= 1024 for field in embed.fields)
    assert len(embed) <= 6000
