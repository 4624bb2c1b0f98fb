"""What is no adapter is refused by its header, in words that say which fault it has."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.domain.errors import BadStyle
from storage.styles import adapter_file
from storage.styles.adapter_file import read_layout, with_settings

DOWN, UP = "unet.conv_in.lora_A.weight", "unet.conv_in.lora_B.weight"
GOOD: dict[str, tuple[str, list[int]]] = {DOWN: ("F32", [2, 8, 3, 3]), UP: ("F32", [4, 2, 1, 1])}
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8}


def file_of(
    tensors: Mapping[str, tuple[str, list[int]]] = GOOD, metadata: dict[str, str] | None = None
) -> bytes:
    """Return a safetensors file of zeros."""
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": metadata}
    end = 0
    for name, (kind, shape) in tensors.items():
        begin, size = end, SIZES[kind]
        for side in shape:
            size *= side
        end = begin + size
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


def layout(data: bytes) -> tuple[adapter_file.LowRankPair, ...]:
    return read_layout(io.BytesIO(data))


def refused(data: bytes) -> str:
    with pytest.raises(BadStyle) as caught:
        layout(data)
    return caught.value.key


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps({}))
    return buffer.getvalue()


def settings(**values: object) -> dict[str, str]:
    return {"lora_adapter_metadata": json.dumps({f"unet.{k}": v for k, v in values.items()})}


FAULTY: list[tuple[str, Callable[[], bytes]]] = [
    ("style_pickle", lambda: pickle.dumps({"a": 1})),
    ("style_pickle", zipped),
    ("style_not_safetensors", lambda: b""),
    ("style_not_safetensors", lambda: b"GIF89a" * 40),
    ("style_not_safetensors", lambda: (2).to_bytes(8, "little") + b"[]"),
    ("style_not_safetensors", lambda: (6).to_bytes(8, "little") + b'{"a":1'),
    ("style_not_safetensors", lambda: file_of(metadata={"lora_adapter_metadata": "{"})),
    ("style_damaged", lambda: file_of()[:-1]),
    ("style_damaged", lambda: file_of() + b"x"),
    ("style_no_weights", lambda: file_of({})),
    ("style_no_weights", lambda: file_of({**GOOD, "conv_out.alpha": ("F32", [])})),
    ("style_number_format", lambda: file_of({**GOOD, DOWN: ("I64", [2, 8, 3, 3])})),
    ("style_incomplete", lambda: file_of({DOWN: GOOD[DOWN]})),
    ("style_rank", lambda: file_of({**GOOD, UP: ("F32", [4, 3, 1, 1])})),
    ("style_rank", lambda: file_of({**GOOD, UP: ("F32", [4])})),
    ("style_rank", lambda: file_of({DOWN: ("F16", [600, 1]), UP: ("F16", [4, 600])})),
    ("style_unknown_weights", lambda: file_of({**GOOD, "unet.conv_in.weight": ("F16", [1])})),
    ("style_unknown_weights", lambda: file_of({**GOOD, "unet.conv_in.dora_scale": ("F16", [1])})),
    (
        "style_unknown_weights",
        lambda: file_of({**GOOD, DOWN.replace("unet.conv_in", "text_encoder.q"): GOOD[DOWN]}),
    ),
    ("style_unknown_weights", lambda: file_of({**GOOD, DOWN[5:]: GOOD[DOWN]})),  # twice
    ("style_kind", lambda: file_of(metadata=settings(use_dora=True))),
]


@pytest.mark.parametrize(("key", "data"), FAULTY)
def test_a_fault_is_named(key: str, data: Callable[[], bytes]) -> None:
    assert refused(data()) == key


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_file, "MOST_BYTES", len(file_of()) - 1)
    assert refused(file_of()) == "style_too_large"


def test_a_layer_has_its_own_name_shapes_and_weight() -> None:
    [pair] = layout(file_of(metadata=settings(lora_alpha=4)))
    assert (pair.module, pair.down, pair.up) == ("conv_in", DOWN, UP)
    assert (pair.rank, pair.down_shape, pair.up_shape) == (2, (2, 8, 3, 3), (4, 2, 1, 1))
    assert pair.alpha == 4.0
    [plain] = layout(file_of())
    assert plain.alpha == plain.rank


@pytest.mark.parametrize(
    ("written", "module"),
    [
        ("unet.mid_block.q.lora_A.weight", "mid_block.q"),
        ("mid_block.q.lora_A.weight", "mid_block.q"),
        ("base_model.model.mid_block.q.lora_A.default.weight", "mid_block.q"),
        ("base_model.model.unet.mid_block.q.lora_A.weight", "mid_block.q"),
        ("unet.mid_block.q.lora.down.weight", "mid_block.q"),
        ("unet.mid_block.a.processor.to_q_lora.down.weight", "mid_block.a.to_q"),
        ("unet.mid_block.a.processor.to_out_lora.down.weight", "mid_block.a.to_out.0"),
        ("lora_unet_mid_block_q.lora_down.weight", "lora_unet_mid_block_q"),
    ],
)
def test_every_tools_names_are_read(written: str, module: str) -> None:
    other = written.replace("lora_A", "lora_B").replace("down.", "up.")
    [pair] = layout(file_of({written: ("F16", [2, 3]), other: ("F16", [3, 2])}))
    assert pair.module == module


def test_pefts_settings_become_part_of_the_file() -> None:
    data = with_settings(file_of(), {"lora_alpha": 6, "use_rslora": False})
    [pair] = layout(data)
    assert pair.alpha == 6.0
    assert data[-8:] == file_of()[-8:]


@given(st.binary(max_size=300) | st.integers(0, 400).map(lambda at: file_of()[:at]))
def test_whatever_it_is_it_is_refused_in_words(data: bytes) -> None:
    assert refused(data).startswith("style_")


@given(st.dictionaries(st.sampled_from([DOWN, UP, "__metadata__"]), st.recursive(
    st.none() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets"]), inner), max_leaves=9,
)))  # fmt: skip
def test_whatever_the_header_says_it_is_refused_in_words(header: dict[str, Any]) -> None:
    text = json.dumps(header).encode()
    assert refused(len(text).to_bytes(8, "little") + text).startswith("style_")
