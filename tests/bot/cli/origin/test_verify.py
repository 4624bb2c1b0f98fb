"""`mutoscope verify` says what a file says of itself."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from bot.cli import main
from gpu_worker.media.encode import encode
from storage.domain.clip import Container
from tests.gpu_worker.media.test_encode import PLENTY, scene
from tests.support.credentials.signing import certificate, signer
from tests.support.examples import REQUEST

COMMENT = json.dumps({"mutoscope": {"prompt": "a lake\x1b[31m", "seed": 7}})


@cache
def signed(container: Container = Container.MP4, source: bytes = b"") -> bytes:
    bare = encode(scene(2, 64, 64), 8, PLENTY, {"comment": COMMENT}, container).data
    return signer().sign(bare, replace(REQUEST, container=container), source)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUTOSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    path = tmp_path / "a.mp4"
    path.write_bytes(signed())
    return path


def test_a_signed_clip_tells_all(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Content credentials: valid. The file is as it was signed.",
        "Signed by: Mutoscope, according to its own certificate; no given list trusts it"
        " (--trust FILE)",
        "Made with: Mutoscope 1.2.3",
        "Step: c2pa.created (compositeWithTrainedAlgorithmicMedia, Mutoscope 1.2.3, model=fake,"
        " modelSource=someone/fake, modelVersion=abc)",
        f"From: picture (inputTo) sha256:{REQUEST.picture}",
        "Mutoscope's parameters in the file, which are not part of the credentials:",
        '  prompt: "a lake\\u001b[31m"',
        "  seed: 7",
    ]


def test_an_issuer_of_a_given_list_is_trusted(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.pem").write_text(certificate().root)
    assert main(["verify", str(file), "--trust", str(tmp_path / "list.pem")]) == 0
    assert "Signed by: Mutoscope, whom the given list trusts\n" in capsys.readouterr().out


def test_a_clip_of_another_one_names_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(signed(source=signed(Container.GIF)))
    assert main(["verify", str(file), "--locale", "zh-CN"]) == 0
    output = capsys.readouterr().out
    assert "内容凭证：有效" in output
    assert "来源：clip（parentOf）sha256:" in output
    assert "，自带凭证\n" in output


def test_a_changed_clip_is_invalid(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(signed()[:-1] + b"!")
    assert main(["verify", str(file)]) == 1
    assert "INVALID" in capsys.readouterr().out


def test_a_clip_without_credentials_is_said_to_be(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(encode(scene(2, 64, 64), 8, PLENTY, {}).data)
    assert main(["verify", str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "Content credentials: none. The file was never signed, or they were taken out.",
        "The file holds no parameters of Mutoscope.",
    ]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"GIF89a", None])
def test_what_cannot_be_read_is_named(
    file: Path, data: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)
    assert main(["verify", str(file)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{file} cannot be read: " in captured.err


def test_where_the_library_is_missing_it_says_what_to_install(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "storage.credentials.reading")
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert main(["verify", str(file)]) == 2
    assert "pip install c2pa-python" in capsys.readouterr().err
