"""What clips claim of their origin."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from gpu_worker.credentials.claim import FROM_A_PICTURE, FROM_WORDS, ClaimMaker
from gpu_worker.media.encode import encode
from storage.domain.finish import Finish
from storage.domain.models.served_model import ServedModel
from storage.domain.picture import TextToImage
from storage.domain.request import GenerationRequest
from tests.gpu_worker.media.test_encode import PLENTY, scene
from tests.support.examples import REQUEST

CLAIMS = ClaimMaker("1.2.3", ServedModel("i2vgen-xl", "ali-vilab/i2vgen-xl@39e1979", 2))
AGENT = {"name": "Mutoscope", "version": "1.2.3"}
IMAGINED = replace(REQUEST, text_to_image=TextToImage("some/model", 4, 1.0))
OWN = encode(scene(2, 64, 64), 8, PLENTY, {"comment": '{"mutoscope": {}}'}).data
FOREIGN = encode(scene(2, 64, 64), 8, PLENTY, {"comment": "mutoscope"}).data


def actions(request: GenerationRequest, source: bytes = b"") -> list[dict[str, Any]]:
    [assertion] = CLAIMS.claim(request, source).definition["assertions"]
    found: list[dict[str, Any]] = assertion["data"]["actions"]
    return found


def of_clip(finish: Finish, **changes: Any) -> GenerationRequest:
    return replace(REQUEST, source="b" * 64, finish=finish, **changes)


def test_a_clip_is_created_from_a_picture_that_only_its_hash_names() -> None:
    claim = CLAIMS.claim(REQUEST)
    assert claim.definition["ingredients"] == [
        {
            "title": "picture",
            "label": "picture-0",
            "instance_id": f"sha256:{REQUEST.picture}",
            "relationship": "inputTo",
        }
    ]
    assert actions(REQUEST) == [
        {
            "action": "c2pa.created",
            "digitalSourceType": FROM_A_PICTURE,
            "softwareAgent": AGENT,
            "parameters": {
                "model": "i2vgen-xl",
                "modelSource": "ali-vilab/i2vgen-xl",
                "modelVersion": "39e1979",
                "ingredientIds": ["picture-0"],
            },
        }
    ]


@pytest.mark.parametrize("request_", [IMAGINED, replace(REQUEST, picture_model="some/model")])
def test_a_clip_from_words_alone_is_no_composite_and_names_both_models(
    request_: GenerationRequest,
) -> None:
    [action] = actions(request_)
    assert action["digitalSourceType"] == FROM_WORDS
    assert action["parameters"]["pictureModel"] == "some/model"
    assert "ingredientIds" not in action["parameters"]


def test_a_second_picture_of_a_persons_is_named_too() -> None:
    [action] = actions(replace(REQUEST, end_picture="c" * 64))
    assert action["parameters"]["ingredientIds"] == ["picture-0", "picture-1"]
    [action] = actions(replace(IMAGINED, end_picture="c" * 64))
    assert action["digitalSourceType"] == FROM_A_PICTURE


@pytest.mark.parametrize(
    ("finish", "action"),
    [
        (Finish(), {"action": "c2pa.transcoded"}),
        (Finish(reverse=True), {"action": "c2pa.edited", "parameters": {"reverse": True}}),
    ],
)
def test_a_changed_clip_opens_its_parent(finish: Finish, action: dict[str, Any]) -> None:
    claim = CLAIMS.claim(of_clip(finish), OWN)
    assert claim.definition["ingredients"] == []
    assert claim.parent["instance_id"] == f"sha256:{sha256(OWN).hexdigest()}"
    assert (claim.parent["relationship"], claim.parent_type) == ("parentOf", "video/mp4")
    [opened, changed] = actions(of_clip(finish), OWN)
    assert opened == {"action": "c2pa.opened", "parameters": {"ingredientIds": ["source"]}}
    assert changed == {"softwareAgent": AGENT, "digitalSourceType": FROM_A_PICTURE, **action}


def test_a_film_of_a_camera_is_not_called_an_algorithms() -> None:
    [_, turned] = actions(of_clip(Finish(reverse=True)), FOREIGN)
    assert "digitalSourceType" not in turned
    [_, larger] = actions(of_clip(Finish(upscale=2)), FOREIGN)  # by a trained network
    assert larger["digitalSourceType"] == FROM_A_PICTURE


def test_an_extension_goes_on_from_its_parent() -> None:
    [opened, edited] = actions(replace(REQUEST, source="b" * 64), OWN)
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["digitalSourceType"] == FROM_A_PICTURE
    assert edited["parameters"]["ingredientIds"] == ["picture-0"]


def test_what_is_finished_at_once_is_created_and_edited() -> None:
    [created, edited] = actions(replace(REQUEST, finish=Finish(loop=True)))
    assert (created["action"], edited["action"]) == ("c2pa.created", "c2pa.edited")
    assert edited["parameters"] == {"loop": True}
    drafts = replace(REQUEST, finish=Finish(loop=True), candidates=2, drafts=(32, 32))
    assert [one["action"] for one in actions(drafts)] == ["c2pa.created"]
