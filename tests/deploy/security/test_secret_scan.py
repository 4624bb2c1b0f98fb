"""Secrets in the tree are found by their form; hashes and examples are none."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy.security.secret_scan import find_secrets, tracked_texts

# Put together here, so that no file of the tree holds them.
SECRETS = {
    "Discord Bot Token": "MTk4NjIyNDgzNDcxOTI1MjQ4" + ".Cl2FMQ." + "ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "AWS Access Key": "AKIA" + "Q3EGRPLXTJ5BZW2M",
    "Private Key": "-----BEGIN " + "PRIVATE KEY-----",
}


def test_each_kind_of_secret_is_found_where_it_stands(tmp_path: Path) -> None:
    for number, secret in enumerate(SECRETS.values()):
        (tmp_path / f"{number}.env").write_text(f"# a file\nTOKEN={secret}\n")
    found = find_secrets(tmp_path, [f"{number}.env" for number in range(len(SECRETS))])
    assert [(one.file, one.line, one.kind) for one in found] == [
        (f"{number}.env", 2, kind) for number, kind in enumerate(SECRETS)
    ]


def test_hashes_and_examples_are_no_secrets(tmp_path: Path) -> None:
    (tmp_path / "text.md").write_text(f"sha256 {'0f' * 32}\npostgresql://name:password@host/db\n")
    assert find_secrets(tmp_path, ["text.md"]) == []


def test_the_texts_under_version_control_are_searched(tmp_path: Path) -> None:
    for name, data in {"a b.txt": b"text", "picture.bin": b"\0\1", "loose.txt": b"text"}.items():
        (tmp_path / name).write_bytes(data)
    for command in (["init", "-q"], ["add", "a b.txt", "picture.bin"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert tracked_texts(tmp_path) == ["a b.txt"]
