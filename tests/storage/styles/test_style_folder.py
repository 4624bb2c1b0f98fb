"""The operator's folder may hold files, and folders as peft and diffusers save them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from storage.domain.errors import BadStyle
from storage.styles.adapter_file import read_layout
from storage.styles.style_folder import find_styles, read_style
from tests.storage.styles.test_adapter_file import file_of


def test_files_and_folders_are_styles_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "Ink Wash.safetensors").write_bytes(file_of())
    for name, file in (("sketch", "adapter_model"), ("水彩", "pytorch_lora_weights")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{file}.safetensors").write_bytes(file_of())
    for name in (".hidden.safetensors", "notes.txt", "pickle.bin"):
        (tmp_path / name).write_bytes(b"")
    assert [*find_styles(tmp_path)] == ["ink_wash", "sketch", "水彩"]
    assert find_styles(tmp_path / "none") == {}


def test_pefts_settings_beside_the_file_count(tmp_path: Path) -> None:
    file = tmp_path / "adapter_model.safetensors"
    file.write_bytes(file_of())
    (tmp_path / "adapter_config.json").write_text(json.dumps({"lora_alpha": 8, "r": 2}))
    [pair] = read_layout(io.BytesIO(read_style(file)))
    assert pair.alpha == 8.0
    (tmp_path / "adapter_config.json").write_text("{")
    with pytest.raises(BadStyle) as caught:
        read_style(file)
    assert caught.value.key == "style_unreadable"
