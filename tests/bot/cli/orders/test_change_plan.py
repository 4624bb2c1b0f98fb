"""Which clips' files `mutoscope finish` and `upscale` change, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.cli.invocation import Invocation
from bot.cli.orders.change_plan import PlannedChange, plan_changes
from gpu_worker.media.encode import encode
from storage.codec import encode as to_json
from storage.domain.clip import Container
from storage.domain.errors import BadRequest
from storage.domain.finish import Finish
from tests.gpu_worker.media.test_encode import PLENTY, scene
from tests.support.examples import REQUEST

MADE = {"mutoscope": to_json(REQUEST) | {"resolved_motion": "zoom_in"}}


def clip(path: Path, comment: str = "", container: Container = Container.MP4) -> Path:
    path.write_bytes(encode(scene(10, 96, 64), 12, PLENTY, {"comment": comment}, container).data)
    return path


def planned(tmp_path: Path, *arguments: str) -> tuple[list[PlannedChange], list[str]]:
    environ = {"MUTOSCOPE_HOME": str(tmp_path / "home"), "LANG": "en"}
    return plan_changes(Invocation.read(arguments, environ))


def test_our_own_file_keeps_what_it_was_made_from(tmp_path: Path) -> None:
    file = clip(tmp_path / "cat.mp4", json.dumps(MADE))
    [one], faults = planned(
        tmp_path, "finish", str(file), "--playback", "loop", "--smooth", "24", "--format", "webp"
    )
    request = one.request
    assert (one.name, faults) == ("cat__finished.webp", [])
    assert (request.width, request.height, request.frames, request.fps) == (96, 64, 10, 12)
    assert (request.prompt, request.seed) == (REQUEST.prompt, REQUEST.seed)
    assert request.finish == Finish(fps=24, loop=True)
    assert request.picture == request.source
    assert not request.generates


@pytest.mark.parametrize("container", Container)
def test_any_clip_is_upscaled_and_keeps_its_kind(container: Container, tmp_path: Path) -> None:
    file = clip(tmp_path / f"holiday.{container.value}", container=container)
    [one, other], _ = planned(tmp_path, "upscale", str(file), str(file), "--factor", "4")
    assert (one.request.finish, one.request.size) == (Finish(upscale=4), (384, 256))
    assert (one.request.container, one.request.prompt) == (container, "holiday")
    names = {one.name, other.name}
    assert names == {f"holiday__finished{each}.{container.value}" for each in ("", "_2")}


def test_what_is_no_clip_is_said_to_be_none(tmp_path: Path) -> None:
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(b"\0" * 100)
    clips, faults = planned(tmp_path, "upscale", str(odd), str(tmp_path / "gone.mp4"))
    assert clips == []
    assert "no clip" in faults[0]
    assert "gone.mp4" in faults[1]


def test_a_command_that_asks_for_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="request_finish_nothing"):
        planned(tmp_path, "finish", str(clip(tmp_path / "a.mp4")))
