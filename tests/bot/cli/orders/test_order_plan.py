"""How pictures and prompts are paired, and how their clips are named."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.invocation import Invocation
from bot.cli.orders.order_plan import pair, plan, plan_extension
from storage.domain.camera.motion import Motion
from storage.domain.errors import BadRequest
from tests.bot.studio.library.test_reuse import REQUEST, file_of
from tests.support.backend import png

A, B = Path("in/a.png"), Path("in/b.png")


def told(pictures: list[Path], prompts: list[str], each: bool = False) -> list[tuple[str, str]]:
    return [(made.name, made.prompt) for made in pair(pictures, prompts, each)]


def test_one_prompt_is_used_for_all_pictures() -> None:
    assert told([A, B], ["zoom in"]) == [("a__1.mp4", "zoom in"), ("b__1.mp4", "zoom in")]


def test_as_many_prompts_as_pictures_are_paired_in_order() -> None:
    assert told([A, B], ["zoom in", "pan left"]) == [
        ("a__1.mp4", "zoom in"),
        ("b__1.mp4", "pan left"),
    ]


def test_each_pairs_every_picture_with_every_prompt() -> None:
    assert told([A, B], ["x", "y"], each=True) == [
        ("a__1.mp4", "x"),
        ("a__2.mp4", "y"),
        ("b__1.mp4", "x"),
        ("b__2.mp4", "y"),
    ]


def test_numbers_that_do_not_match_are_refused() -> None:
    with pytest.raises(BadRequest, match="request_unpaired"):
        pair([A, B], ["x", "y", "z"])


def test_a_long_name_leaves_room_for_its_number() -> None:
    [made] = pair([Path("图" * 84 + ".png")], ["zoom in"])
    assert len(os.fsencode(made.name)) < 255
    assert made.name.endswith("__1.mp4")


def test_pictures_of_one_stem_in_two_folders_never_share_a_file() -> None:
    names = [made.name for made in pair([Path("x/a.png"), Path("y/a.jpg")], ["zoom in"])]
    assert names == ["a__1.mp4", "a__2.mp4"]


def planned(folder: Path, *flags: str, like: bytes) -> Invocation:
    """Return an invocation for one picture that shall be like a clip."""
    picture, clip = folder / "a.png", folder / "like.mp4"
    picture.write_bytes(png())
    clip.write_bytes(like)
    words = ["animate", str(picture), "--like", str(clip), *flags]
    return Invocation.read(words, {"MUTOSCOPE_HOME": str(folder), "LC_ALL": "C"})


def test_settings_are_taken_from_a_clip_unless_they_are_given(tmp_path: Path) -> None:
    [clip], faults = plan(planned(tmp_path, "--seed", "8", like=file_of(REQUEST)))
    assert faults == []
    assert clip.name == "a__1.gif"  # as the clip that it is like
    asked = {name: clip.options[name] for name in ("prompt", "steps", "seed", "camera")}
    motion = REQUEST.camera.motion
    assert asked == {"prompt": REQUEST.prompt, "steps": 9, "seed": 8, "camera": motion}
    flags = ("--prompt", "a sea", "--camera", "tilt_up")
    [clip], _ = plan(planned(tmp_path, *flags, like=file_of(REQUEST)))
    assert (clip.options["prompt"], clip.options["camera"]) == ("a sea", Motion.TILT_UP)


def test_a_clip_that_is_no_file_is_looked_for_by_a_name_that_a_database_takes(
    tmp_path: Path,
) -> None:
    words = ["extend", "caf\udce9"]
    extending = Invocation.read(words, {"MUTOSCOPE_HOME": str(tmp_path), "LC_ALL": "C"})
    [extension], _ = plan_extension(extending)
    assert extension.clip == "caf\ufffd"


def test_a_file_without_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="request_no_settings"):
        plan(planned(tmp_path, like=b"just bytes"))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    invocation = planned(tmp_path, like=b"")
    (tmp_path / "like.mp4").unlink()
    clips, [fault] = plan(invocation)
    assert (clips, "like.mp4 cannot be read" in fault) == ([], True)


def test_all_clips_end_with_the_picture_that_is_given(tmp_path: Path) -> None:
    end = tmp_path / "end.png"
    end.write_bytes(png(colour="blue"))
    like = file_of(replace(REQUEST, end_picture="e" * 64))
    [kept], _ = plan(planned(tmp_path, like=like))
    assert kept.options["end_picture"] == "e" * 64
    [clip], faults = plan(planned(tmp_path, "--end-picture", str(end), like=like))
    assert (clip.end_picture, faults) == (end.read_bytes(), [])
    assert clip.options["end_picture"] == hashlib.sha256(clip.end_picture).hexdigest()


def test_an_end_picture_that_is_none_is_named(tmp_path: Path) -> None:
    like = file_of(REQUEST)
    clips, [fault] = plan(planned(tmp_path, "--end-picture", __file__, like=like))
    assert clips == []
    assert "test_order_plan.py: The end picture: That file is not a picture" in fault
    nowhere = str(tmp_path / "nowhere.png")
    _, [fault] = plan(planned(tmp_path, "--end-picture", nowhere, like=like))
    assert f"{nowhere} cannot be read" in fault


def test_a_key_that_is_none_is_left_out_of_a_clips_settings(tmp_path: Path) -> None:
    like = file_of(replace(REQUEST, end_picture="../../etc/passwd"))
    [clip], _ = plan(planned(tmp_path, like=like))
    assert clip.options.get("end_picture", "") == ""
