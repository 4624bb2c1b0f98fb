"""Details show everything about a clip."""

from __future__ import annotations

from dataclasses import replace

from bot.discord_ui.cards import parameters
from bot.discord_ui.cards.details import DetailsRenderer
from bot.discord_ui.commands.form import read_numbers
from bot.i18n import Translations
from bot.studio.options import Options
from storage.domain.job import Job
from tests.bot.discord_ui.cards.test_card_renderer import CATALOGUE, CLIP, DONE, JOB, REQUEST


def fields(job: Job, locale: str = "en") -> dict[str, str]:
    """Return the details of a job by their titles."""
    embed = DetailsRenderer(Translations.load(), locale).render(job)
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
        "Motion as asked: moves as asked (90%)",
    ]


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


def test_a_path_can_be_pasted_into_the_form() -> None:
    options = Options("a boat", path="zoom in and pan left; hold", seed=5)
    request = options.request(CATALOGUE, CATALOGUE.profiles["cpu"], "0" * 64, (4, 3), 0)
    text = parameters.write(request, CLIP)
    assert "path: 0.5 left 0.1556 zoom 1.2364 ease_in_out; 1 hold ease_in_out\n" in text
    pasted = replace(options, path=read_numbers(text)["path"])
    assert pasted.request(CATALOGUE, CATALOGUE.profiles["cpu"], "0" * 64, (4, 3), 0) == request


def test_parameters_can_be_pasted_into_the_form() -> None:
    found = read_numbers(parameters.write(REQUEST))
    assert (found["seed"], found["steps"], found["guidance"]) == (5, REQUEST.steps, 1.0)


def test_details_respect_discords_limits() -> None:
    wordy = replace(DONE, request=replace(REQUEST, prompt="*" * 1000, negative_prompt="`" * 1000))
    embed = DetailsRenderer(Translations.load(), "en").render(wordy)
    assert len(str(embed.description)) <= 4096
    assert all(len(str(field.value)) <= 1024 for field in embed.fields)
    assert len(embed) <= 6000
