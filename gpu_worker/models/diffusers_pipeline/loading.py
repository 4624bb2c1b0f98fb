"""Loading of a pipeline's components from a folder, each under its own name."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors import safe_open
from torch import nn

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.checkpoint.named_errors import naming
from gpu_worker.models.i2vgen_xl.checkpoint.weight_files import HALF, check_whole, weight_files
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.hardware.device_facts import has_bf16
from gpu_worker.models.model_index import FILE, read_index
from storage.domain.models.pipeline_row import PipelineRow
from storage.domain.text import printable

DEFAULT = "default"


def pipeline_class(folder: Path, row: PipelineRow) -> Any:
    """Return the class that a row or else the folder names; raise NotUsable."""
    name = row.name or read_index(folder).pipeline
    found = getattr(diffusers, name, None)
    if not (inspect.isclass(found) and issubclass(found, diffusers.DiffusionPipeline)):
        raise NotUsable(f"{printable(folder / FILE)}: diffusers has no pipeline {printable(name)}")
    return found


def component_dtypes(
    row: PipelineRow, setting: str, device: torch.device
) -> Mapping[str, torch.dtype]:
    """Return the number format of each component that has its own, and of all others as `default`.

    The row's hold on a GPU, unless the setting names another than auto; fp16 stands for bf16 on a
    card that does not compute in it.
    """
    usual = resolve_dtype(setting, device)
    if setting != "auto" or device.type == "cpu":
        return {DEFAULT: usual}
    own = {name: resolve_dtype(dtype, device) for name, dtype in row.dtypes.items()}
    if not has_bf16(device):
        own = {name: usual if one is torch.bfloat16 else one for name, one in own.items()}
    return {DEFAULT: usual, **own}


def load_pipeline(folder: Path, row: PipelineRow, dtypes: Mapping[str, torch.dtype]) -> Any:
    """Load a pipeline to the host; raise NotUsable, which names the file and the cause."""
    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()  # each bar would be a line of the log
    kind, components = pipeline_class(folder, row), {}
    for name, (library, class_name) in read_index(folder).components.items():
        dtype = dtypes.get(name, dtypes[DEFAULT])
        components[name] = _component(folder / name, library, class_name, dtype)
    _check_signature(folder, kind, components)
    with naming(folder / FILE):
        # Everything is there by now: what is missing is None, and values that are no components
        # are read from the index.
        pipeline = kind.from_pretrained(str(folder), **components, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _component(folder: Path, library: str, class_name: str, dtype: torch.dtype) -> Any:
    """Load one component; raise NotUsable."""
    if not folder.is_dir():
        raise NotUsable(f"{printable(folder)} is missing")
    found = getattr(importlib.import_module(library), class_name, None)
    if not inspect.isclass(found):
        raise NotUsable(f"{printable(folder)}: {library} has no class {printable(class_name)}")
    kind: Any = found
    if nn.Module not in kind.__mro__:
        _check_vocabulary(folder, kind)
        with naming(folder):
            return kind.from_pretrained(str(folder), local_files_only=True)
    _check_files(folder)
    with naming(folder):
        variant = {"variant": HALF} if f".{HALF}" in weight_files(folder)[0].name else {}
        model, facts = kind.from_pretrained(
            str(folder),
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **variant,
        )
    if missing := sorted(facts["missing_keys"]):
        more = f" and {len(missing) - 1} more weights" if missing[1:] else ""
        raise NotUsable(f"{printable(folder)} lacks {missing[0]}{more}")
    return model.eval().requires_grad_(False)


def _check_vocabulary(folder: Path, kind: Any) -> None:
    """Raise NotUsable where a tokenizer has no words: it would be made without any."""
    files = [*getattr(kind, "vocab_files_names", {}).values()]
    if files and not any((folder / name).is_file() for name in files):
        raise NotUsable(f"{printable(folder)} holds no vocabulary: none of {', '.join(files)}")


def _check_files(folder: Path) -> None:
    """Raise NotUsable, which names the file, where a component cannot be read from its files."""
    file = folder / "config.json"
    with naming(file):
        json.loads(file.read_text(encoding="utf-8"))
    for file in weight_files(folder):
        with naming(file):
            check_whole(file)
            with safe_open(file, framework="pt") as opened:
                opened.keys()


def _check_signature(folder: Path, kind: Any, components: Mapping[str, Any]) -> None:
    """Raise NotUsable where a folder lacks a component without which its pipeline cannot be."""
    known = inspect.signature(kind.__init__).parameters
    optional = kind._optional_components
    for name, parameter in known.items():
        needed = parameter.default is inspect.Parameter.empty and name not in ("self", *optional)
        if needed and name not in components:
            raise NotUsable(
                f"{printable(folder / FILE)} names no {name}, which {kind.__name__} needs"
            )
