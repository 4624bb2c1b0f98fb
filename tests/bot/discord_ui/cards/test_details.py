"""Details show everything about a clip."""

from __future__ import annotations

from dataclasses import replace

from bot.discord_ui.cards.details import DetailsRenderer
from bot.i18n import Translations
from storage.domain.job import Job
from tests.bot.discord_ui.cards.test_card_renderer import CLIP, DONE, JOB, REQUEST
from tests.support.catalogue.admission import ADMISSION


def fields(job: Job, locale: str = "en") -> dict[str, str]:
    """Return the details of a job by their titles."""
    embed = DetailsRenderer(Translations.load(), locale, ADMISSION).render(job)
    return {str(field.name): str(field.value) for field in embed.fields}


def test_all_parameters_can_be_copied() -> None:
    found = fields(JOB)
    assert list(found) == ["Parameters"]
    assert "seed: 5\ncamera: pan_left\nspeed: normal\nstrength: 1\n" in found["Parameters"]


def test_scores_are_words_and_figures() -> None:
    assert fields(DONE)["Scores"].splitlines() == [
        "First frame: true to the picture (31 dB)",
        "Flicker: hardly any (1.0%)",
        "Shake: a bit shaky (1.00%)",
        "Camera motion: moves as asked (90%)",
    ]


def test_no_clip_of_a_model_that_moves_the_camera_alone_moves_as_asked() -> None:
    walks = replace(DONE, request=replace(REQUEST, prompt="a man walks, pan left"))
    [line] = [one for one in fields(walks)["Scores"].splitlines() if one.startswith("Camera")]
    assert line == "Camera motion: the camera as asked, nothing else moves (90%)"


def test_candidates_are_named_by_their_seeds_in_the_users_locale() -> None:
    clip = replace(CLIP, scores=(("clip", 0.313), ("motion", 0.2), ("seed_7", 2.25)))
    scores = fields(replace(DONE, clip=clip), "zh-CN")["评分"]
    assert scores.splitlines() == [
        "与提示词相符（CLIP）: 0.31",
        "镜头符合要求: 运动只有部分符合要求 (20%)",
        "种子 7 总分: 2.25",
    ]


def test_cost_and_adjustments_are_shown() -> None:
    found = fields(DONE)
    assert found["Cost, time, size"] == "6 credits · 3 min · 64×64 · 1953 KiB"
    assert "64×64" in found["What was changed"]


def test_details_respect_discords_limits() -> None:
    wordy = replace(DONE, request=replace(REQUEST, prompt="*" * 1000, negative_prompt="`" * 1000))
    embed = DetailsRenderer(Translations.load(), "en", ADMISSION).render(wordy)
    assert len(str(embed.description)) <= 4096
    assert all(len(str(field.value)) <= 1024 for field in embed.fields)
    assert len(embed) <= 6000


def test_the_bill_names_gpu_start_and_idle_time_and_the_money() -> None:
    billed = replace(DONE, billed=True, start_seconds=20.0, idle_seconds=0.2, money=0.0161)
    assert fields(billed)["GPU"] == "3 min of GPU time, 20 s of start, 0 s of idle time · $0.0161"
    assert fields(billed, "zh-CN")["显卡"].endswith("· $0.0161")
    free = replace(billed, money=0.0)
    assert fields(free)["GPU"] == "3 min of GPU time, 20 s of start, 0 s of idle time"


def test_until_its_worker_has_ended_a_clip_shows_its_own_gpu_time() -> None:
    assert fields(DONE)["GPU"].startswith("3 min of GPU time; ")
    assert "GPU" not in fields(replace(DONE, cached=True))
