"""Which workers make the clips of a catalogue's row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from storage.domain.models.served_model import ServedModel, by_name
from storage.settings import Settings
from tests.support.catalogue.admission import CATALOGUE

FULL = CATALOGUE.models["i2vgen-xl"]


@pytest.mark.parametrize(
    ("worker", "same"),
    [
        (ServedModel(FULL.name, FULL.source, FULL.revision), True),
        (ServedModel(FULL.name, "my weights", FULL.revision), True),
        (ServedModel(FULL.name, "ali-vilab/i2vgen-xl@main", FULL.revision), False),
        (ServedModel(FULL.name, "somebody/else", FULL.revision), False),
        (ServedModel(FULL.name, FULL.source, FULL.revision - 1), False),
        (ServedModel(FULL.name), False),
    ],
)
def test_another_revision_or_hub_id_makes_other_clips(worker: ServedModel, same: bool) -> None:
    assert FULL.is_made_by(worker) is same


def test_a_folder_of_the_bots_own_is_the_one_of_its_workers(tmp_path: Path) -> None:
    settings = Settings.from_environment({"MODEL": str(tmp_path), "MODEL_ROW": FULL.name})
    assert settings.served() == ServedModel(FULL.name, tmp_path.name, FULL.revision)
    assert settings.catalogue().model().is_made_by(settings.served())


@pytest.mark.parametrize("source", ["embedded", "ali-vilab/i2vgen-xl", "ali-vilab/i2vgen-xl@main"])
def test_bot_and_workers_of_the_same_settings_agree(source: str) -> None:
    settings = Settings.from_environment({"MODEL": source})
    assert settings.catalogue().model().is_made_by(settings.served())
    assert "/" not in settings.served().source or "@" in settings.served().source


def test_workers_are_counted_by_name() -> None:
    worker = ServedModel("one", "a", 1)
    assert by_name({worker: 2, replace(worker, revision=2): 1}) == {"one": 3}
