"""A model is added by one row of the catalogue; a row that its pipeline cannot serve is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from PIL import Image

from gpu_worker.engine.api import NotUsable
from gpu_worker.media.picture import canvas_of
from gpu_worker.models import registry
from gpu_worker.models.diffusers_pipeline.loading import component_dtypes
from gpu_worker.settings import WorkerSettings
from storage.catalogue_file import load_catalogue
from storage.domain.models.capability import Capability
from storage.domain.models.pipeline_row import PipelineRow
from storage.domain.progress import Progress, Stage
from tests.gpu_worker.models.diffusers_pipeline.conftest import clip_of, make_engine
from tests.support.catalogue.admission import CATALOGUE
from tests.support.catalogue.model_rows import with_yaml

FolderOf = Callable[[str], Path]

ROW = """
  skyreels:
    source: {folder}
    revision: 1
    licence: none
    multiple: 16
    frame_step: 4
    resolutions: {{64p: 64}}
    aspects: ["1:1"]
    languages: [en]
    capabilities: [prompt, negative_prompt, guidance]
    defaults: {{resolution: 64p, frames: 9, fps: 24, steps: 3, guidance: 5.0, preset: exact}}
    limits: {{frames: [5, 17], fps: [24, 24], steps: [2, 50], guidance: [1.0, 9.0]}}
    recommended: {{frames: [9, 17], fps: [24, 24], steps: [2, 50], guidance: [1.0, 9.0]}}
"""


def test_a_pipeline_that_no_row_names_makes_clips_by_one_more_row(
    folder_of: FolderOf, tmp_path: Path, picture: Image.Image
) -> None:
    file = tmp_path / "generation.yaml"
    folder = folder_of("SkyReelsV2ImageToVideoPipeline")
    file.write_text(with_yaml(ROW.format(folder=folder)), encoding="utf-8")
    shipped = load_catalogue().models.values()
    assert "SkyReelsV2ImageToVideoPipeline" not in {row.pipeline.name for row in shipped}
    environ = {"GENERATION_FILE": str(file), "MODEL": "skyreels", "DEVICE": "cpu"}
    settings = WorkerSettings.from_environment(environ)
    engine = registry.create(**settings.engine().arguments)  # type: ignore[arg-type]  # its own
    engine.load()
    row = settings.catalogue().model()
    request = row.request((64, 64), picture="x", prompt="a cat", seed=1)
    made = engine.generate(request, canvas_of(picture, 64, 64), lambda *_: None, lambda: False)
    assert engine.name == "skyreels"
    assert made.array.shape == (9, 64, 64, 3)


def test_a_model_that_takes_an_end_picture_is_given_it(
    folder_of: FolderOf, picture: Image.Image
) -> None:
    row = CATALOGUE.models["wan2.2-ti2v-5b"]
    able = replace(row, capabilities=(*row.capabilities, Capability.END_PICTURE))
    engine = make_engine(folder_of("WanImageToVideoPipeline"), able)
    engine.load()
    request, canvas = clip_of(row.name, picture, steps=2)
    ending = replace(canvas, end=canvas_of(picture.transpose(Image.Transpose.ROTATE_180), 64, 64))
    open_end = engine.generate(request, canvas, lambda *_: None, lambda: False)
    arriving = engine.generate(request, ending, lambda *_: None, lambda: False)
    assert (open_end.array != arriving.array).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"capabilities": (Capability.CAMERA,)}, "can be given no camera"),
        ({"capabilities": (Capability.CANDIDATES,)}, "can be given no candidates"),
        ({"capabilities": (Capability.STYLE,)}, "can be given no style"),
        ({"pipeline": PipelineRow("LTXPipeline")}, "LTXPipeline has no parameter image"),
        (
            {"pipeline": PipelineRow("StableVideoDiffusionPipeline")},
            "StableVideoDiffusionPipeline has no parameter prompt: the row of ltx-video must name",
        ),
        (
            {"pipeline": PipelineRow("LTXConditionPipeline", arguments={"speed": 3})},
            "LTXConditionPipeline has no parameter speed, as the row of ltx-video says",
        ),
        ({"pipeline": PipelineRow("NoPipeline")}, "diffusers has no pipeline NoPipeline"),
        ({"pipeline": PipelineRow("AutoencoderKL")}, "diffusers has no pipeline AutoencoderKL"),
    ],
)
def test_a_row_that_its_pipeline_cannot_serve_is_refused_before_weights_are_read(
    folder_of: FolderOf, changes: dict[str, Any], message: str
) -> None:
    row = replace(CATALOGUE.models["ltx-video"], **changes)
    with pytest.raises(NotUsable, match=message):
        make_engine(folder_of("LTXPipeline"), row)


def test_without_a_row_only_the_projects_own_classes_run(folder_of: FolderOf) -> None:
    with pytest.raises(NotUsable, match="LTXPipeline needs a row of the catalogue"):
        registry.create(str(folder_of("LTXPipeline")))


def test_a_pipeline_that_does_not_call_back_is_counted_by_its_scheduler(
    folder_of: FolderOf, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PlainPipeline(diffusers.LTXImageToVideoPipeline):  # type: ignore[misc]  # untyped
        def __call__(  # type: ignore[no-untyped-def]  # as diffusers' are
            self, *, image, prompt, num_inference_steps, num_frames, width, height, **more
        ):
            named = {"num_frames": num_frames, "width": width, "height": height}
            steps = num_inference_steps
            return super().__call__(image, prompt, num_inference_steps=steps, **named, **more)

    monkeypatch.setattr(diffusers, "PlainPipeline", PlainPipeline, raising=False)
    row = replace(
        CATALOGUE.models["ltx-video"],
        capabilities=(Capability.PROMPT,),
        pipeline=PipelineRow("PlainPipeline"),
    )
    engine = make_engine(folder_of("LTXPipeline"), row)
    engine.load()
    seen: list[Progress] = []
    engine.generate(
        *clip_of("ltx-video", picture, steps=3), lambda one, _: seen.append(one), lambda: False
    )
    steps = [one.step for one in seen if one.stage is Stage.DENOISING]
    assert steps == [0, 1, 2, 3]
    assert "step" not in vars(engine.ladder.pipeline.scheduler)


def test_a_rows_number_formats_hold_on_a_gpu_that_is_left_to_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    row = CATALOGUE.models["wan2.2-ti2v-5b"].pipeline
    gpu, cpu = torch.device("cuda"), torch.device("cpu")
    chosen = component_dtypes(row, "auto", gpu)
    assert chosen == {"default": torch.bfloat16, "vae": torch.float32}
    assert component_dtypes(row, "fp16", gpu) == {"default": torch.float16}
    assert component_dtypes(row, "auto", cpu) == {"default": torch.float32}
    assert component_dtypes(PipelineRow(), "auto", gpu) == {"default": torch.float16}
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    chosen = component_dtypes(row, "auto", gpu)
    assert chosen == {"default": torch.float16, "vae": torch.float32}


def test_the_number_format_of_the_settings_is_that_of_every_component(
    folder_of: FolderOf, picture: Image.Image
) -> None:
    engine = make_engine(folder_of("WanPipeline"), CATALOGUE.models["wan2.2-ti2v-5b"], dtype="bf16")
    engine.load()
    parts = engine.ladder.pipeline.components.values()
    formats = {part.dtype for part in parts if isinstance(part, torch.nn.Module)}
    assert formats == {torch.bfloat16}
    made = engine.generate(
        *clip_of("wan2.2-ti2v-5b", picture, steps=2), lambda *_: None, lambda: False
    )
    assert made.array.shape == (9, 64, 64, 3)


def test_a_folder_with_files_in_half_precision_alone_is_read(
    folder_of: FolderOf, tmp_path: Path, picture: Image.Image
) -> None:
    folder = Path(shutil.copytree(folder_of("StableVideoDiffusionPipeline"), tmp_path / "half"))
    files = [*folder.glob("*/*.safetensors")]
    assert len(files) == 3
    for file in files:
        file.rename(file.with_suffix(".fp16.safetensors"))
    engine = make_engine(folder, CATALOGUE.models["svd-xt"])
    engine.load()
    clip = clip_of("svd-xt", picture, steps=1)
    assert engine.generate(*clip, lambda *_: None, lambda: False).array.shape == (5, 64, 64, 3)
