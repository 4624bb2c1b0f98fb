"""What is no adapter is refused by its header, in words that say which fault it has."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

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
    tensors: Mapping[str, tuple[str, list[int]]] = GOOD,
    metadata: Mapping[str, object] | None = None,
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


def with_header(header: object) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text


def shaped(shape: list[int]) -> bytes:
    """Return a file with one more tensor, empty if its shape is not multiplied."""
    entry = {"dtype": "F16", "shape": shape, "data_offsets": [0, 0]}
    return with_header({DOWN: entry})


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps({}))
    return buffer.getvalue()


def recoded(encoding: str) -> bytes:
    """Return a file whose header is in another encoding than the format's."""
    data = file_of()
    length = int.from_bytes(data[:8], "little")
    text = data[8 : 8 + length].decode().encode(encoding)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def settings(**values: object) -> dict[str, object]:
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
    ("style_not_safetensors", lambda: shaped([0, 1, 1, 1, 1, 1])),
    ("style_not_safetensors", lambda: shaped([0, 2**24 + 1])),
    ("style_not_safetensors", lambda: shaped([9] * 80_000)),  # a product that takes seconds
    ("style_not_safetensors", lambda: shaped([9] * 2_000_000)),  # an hour
    ("style_not_safetensors", lambda: with_header({str(one): {} for one in range(8193)})),
    (
        "style_unknown_weights",
        lambda: file_of({f"unet.{'conv_in.' * 32}lora_A.weight": GOOD[DOWN]}),
    ),
    ("style_not_safetensors", lambda: file_of(metadata=settings(lora_alpha=10**400))),
    (
        "style_not_safetensors",
        lambda: file_of(metadata=settings(alpha_pattern=dict.fromkeys(map(str, range(4097)), 1))),
    ),
    ("style_not_safetensors", lambda: file_of(metadata={"a": 1})),
    ("style_not_safetensors", lambda: file_of(metadata={"a": "\ud800"})),
    ("style_not_safetensors", lambda: file_of(metadata={"\ud800": "a"})),
    ("style_not_safetensors", lambda: file_of({f"conv_in.\ud800{DOWN}": GOOD[DOWN]})),
    ("style_not_safetensors", lambda: recoded("utf-16")),
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


@pytest.mark.parametrize(
    ("patterns", "alpha"),
    [
        ({"q": 3.0}, 3.0),
        ({"mid_block.q": 3.0, "q": 5.0}, 3.0),
        ({"q": 5.0, "mid_block.q": 3.0}, 5.0),
        ({"mid_block.q": 3.0}, 3.0),
        ({"k": 3.0, "lock.q": 3.0, "mid_block": 3.0}, 8.0),
    ],
)
def test_the_first_pattern_that_ends_a_layers_name_counts(
    patterns: dict[str, float], alpha: float
) -> None:
    names = [f"unet.mid_block.q.lora_{letter}.weight" for letter in "AB"]
    tensors = dict(zip(names, (("F16", [2, 3]), ("F16", [3, 2])), strict=True))
    [pair] = layout(file_of(tensors, settings(lora_alpha=8, alpha_pattern=patterns)))
    assert pair.alpha == alpha


def test_patterns_are_looked_up_and_not_gone_through_for_each_layer() -> None:
    class LookedUp(dict[str, tuple[int, float]]):
        def __iter__(self) -> NoReturn:
            raise AssertionError("gone through")

        items = values = keys = __iter__

    read = adapter_file._Settings(None, LookedUp({"q": (0, 3.0)}), root=False)
    assert read.alpha("mid_block.q", 2) == 3.0


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
    assert refused(with_header(header)).startswith("style_")
