"""A build gets the pip settings of the machine, with every local path mounted."""

from __future__ import annotations

from pathlib import Path

from deploy.images.pip_settings import for_a_build, read_pip_settings


def test_paths_are_mounted_and_everything_else_stays(tmp_path: Path) -> None:
    index = tmp_path / "mirror" / "simple"
    index.mkdir(parents=True)
    certificate = tmp_path / "ca.crt"
    certificate.touch()
    found = for_a_build(
        "\n".join(
            [
                f"global.cert={str(certificate)!r}",
                f"global.extra-index-url='\\nfile://{index}\\nhttps://user:word@pypi.example/simple'",
                "global.timeout='60'",
            ]
        )
    )
    assert found.text.splitlines() == [
        "[global]",
        "cert = /run/pip/0",
        "extra-index-url = file:///run/pip/1/simple https://user:word@pypi.example/simple",
        "timeout = 60",
    ]
    # Pages of an index name files beside its folder.
    assert found.mounts == {certificate: "/run/pip/0", index.parent: "/run/pip/1"}


def test_the_environment_counts_more_than_files_and_install_more_than_global() -> None:
    first = ":env:.timeout='1'\ninstall.timeout='2'\nglobal.timeout='3'"
    text = f"{first}\ninstall.retries='5'\nglobal.retries='4'"
    assert for_a_build(text).text.splitlines() == ["[global]", "timeout = 1", "retries = 5"]


def test_settings_of_this_machines_own_installs_are_left_out(tmp_path: Path) -> None:
    text = f"global.constraint={str(tmp_path)!r}\nglobal.target={str(tmp_path)!r}"
    assert for_a_build(text).text == "[global]\n"


def test_what_pip_itself_prints_is_understood() -> None:
    text = read_pip_settings().text
    assert text.startswith("[global]\n")
    assert all(" = " in line for line in text.splitlines()[1:])
