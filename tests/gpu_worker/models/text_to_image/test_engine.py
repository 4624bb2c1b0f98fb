"""Pictures from prompts by a tiny Stable Diffusion, before another engine animates them."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gpu_worker.engine.api import Cancelled, NotUsable, NotUsableYet, Result
from gpu_worker.media.picture import Canvas
from gpu_worker.models import registry
from gpu_worker.models.text_to_image import engine as text_to_image
from gpu_worker.models.text_to_image.engine import TextToImageEngine
from gpu_worker.models.text_to_image.picture_model import Offload, PictureModel
from storage.domain.errors import GenerationFailed
from storage.domain.picture import TextToImage
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from tests.support.fake_engine import FakeEngine
from tests.support.models import tiny_request
from tests.support.pictures.tiny_pipeline import SIDE, write_text_to_image

pytestmark = pytest.mark.filterwarnings("ignore")  # of diffusers and transformers

MADE = TextToImage("tiny", 3, 7.0)
REQUEST = replace(tiny_request(), picture="", text_to_image=MADE)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_to_image(tmp_path_factory.mktemp("text_to_image"))


@pytest.fixture(scope="module")
def loaded(folder: Path) -> TextToImageEngine:
    engine = TextToImageEngine(FakeEngine(), str(folder))
    engine.load()
    return engine


def draw(
    engine: TextToImageEngine,
    canvas: Canvas,
    request: GenerationRequest = REQUEST,
    on_progress: Callable[[Progress, bytes | None], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:
    return engine.generate(request, canvas, on_progress, should_stop)


def test_a_request_without_a_picture_is_for_the_picture(
    loaded: TextToImageEngine, canvas: Canvas
) -> None:
    result = draw(loaded, canvas)
    [picture] = result.frames
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5
    assert len(draw(loaded, canvas, tiny_request()).frames) == 4  # the other engine's


def test_the_seed_and_the_words_decide_the_picture(
    loaded: TextToImageEngine, canvas: Canvas
) -> None:
    first, again = draw(loaded, canvas).array, draw(loaded, canvas).array
    assert np.array_equal(first, again)
    guided = TextToImage("tiny", 3, 1.0)
    for changed in (
        {"seed": 8},
        {"prompt": "a red kite"},
        {"negative_prompt": "a red kite"},
        {"text_to_image": guided},
    ):
        assert not np.array_equal(first, draw(loaded, canvas, replace(REQUEST, **changed)).array)


@pytest.mark.parametrize(("size", "shown"), [((128, 64), (88, 48)), ((64, 128), (48, 88))])
def test_the_picture_has_the_clips_aspect_and_the_pipelines_area(
    loaded: TextToImageEngine, canvas: Canvas, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    width, height = size
    [picture] = draw(loaded, canvas, replace(REQUEST, width=width, height=height)).frames
    assert (picture.shape[1], picture.shape[0]) == shown


def test_each_step_is_told_and_the_picture_is_shown(folder: Path, canvas: Canvas) -> None:
    told: list[tuple[Progress, bytes | None]] = []
    engine = TextToImageEngine(FakeEngine(), str(folder))
    engine.load()
    [picture] = draw(engine, canvas, on_progress=lambda *update: told.append(update)).frames
    stages = [(progress.stage, progress.step) for progress, _ in told]
    steps = [(Stage.PICTURE, step) for step in (0, 1, 2, 3, 3)]
    assert stages == [(Stage.LOADING, 0), *steps]
    assert all(progress.eta is None for progress, _ in told)  # the engine is not free after it
    *before, (_, preview) = told
    assert preview is not None
    assert all(one is None for _, one in before)
    shown = np.asarray(Image.open(io.BytesIO(preview)).convert("RGB")).astype(float)
    assert np.abs(shown - picture).mean() < 20


def test_a_cancel_acts_within_a_step(loaded: TextToImageEngine, canvas: Canvas) -> None:
    steps: list[int] = []
    with pytest.raises(Cancelled):
        draw(
            loaded,
            canvas,
            on_progress=lambda progress, _: steps.append(progress.step),
            should_stop=lambda: 1 in steps,
        )
    assert steps == [0, 1]


def test_the_registry_wraps_any_engine_where_a_model_is_named(
    folder: Path, moved_checkpoint: Path
) -> None:
    made = registry.create(str(moved_checkpoint), name="x", device="cpu", picture_model=str(folder))
    assert isinstance(made, TextToImageEngine)
    assert (made.name, made.device) == ("x", "cpu")


class FailingPipeline:
    """Has no memory for its first calls; remembers how its weights lay at each."""

    vae_scale_factor = 8

    def __init__(self, failures: int, answer: Any = None) -> None:
        self._failures = failures
        self._answer = answer
        self._place = "cpu"
        self.tried: list[str] = []
        self.freed = 0

    def __call__(self, prompt: str) -> Any:
        self.tried.append(self._place)
        self._failures -= 1
        if self._failures >= 0:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self._answer or SimpleNamespace(images=[Image.new("L", (8, 8))])

    def to(self, device: object, **_: object) -> None:
        self._place = str(device)

    def enable_model_cpu_offload(self, device: object) -> None:
        self._place = f"models to {device}"

    def enable_sequential_cpu_offload(self, device: object) -> None:
        self._place = f"layers to {device}"

    def maybe_free_model_hooks(self) -> None:
        self.freed += 1


def test_less_lies_on_the_device_where_memory_is_short() -> None:
    pipeline = FailingPipeline(2)
    model = PictureModel(pipeline, torch.device("meta"))
    assert model(REQUEST, lambda _: None).shape == (8, 8, 3)
    assert pipeline.tried == ["meta", "models to meta", "layers to meta"]
    assert pipeline.freed == 2
    assert model(REQUEST, lambda _: None).shape == (8, 8, 3)
    assert pipeline.tried[3:] == ["layers to meta"]  # what did not fit is not tried again


def test_the_weights_leave_the_device_after_each_picture() -> None:
    pipeline = FailingPipeline(0)
    PictureModel(pipeline, torch.device("meta"))(REQUEST, lambda _: None)
    assert pipeline.tried == ["meta"]
    assert pipeline._place == "cpu"


def test_models_that_come_to_the_device_in_turn_make_the_same_picture(folder: Path) -> None:
    model = PictureModel.load(folder, CPU, torch.float32)
    whole = model(REQUEST, lambda _: None)
    model.pipeline.enable_model_cpu_offload(device="cpu")  # stands for a GPU
    model.offload = Offload.MODELS
    for _ in range(2):
        assert np.array_equal(model(REQUEST, lambda _: None), whole)


@pytest.mark.parametrize(("device", "tries"), [(torch.device("meta"), 3), (CPU, 1)])
def test_a_model_that_never_fits_is_said_so(
    monkeypatch: pytest.MonkeyPatch, folder: Path, canvas: Canvas, device: torch.device, tries: int
) -> None:
    pipeline = FailingPipeline(9)
    model = PictureModel(pipeline, device)
    monkeypatch.setattr(PictureModel, "load", lambda *_: model)
    engine = TextToImageEngine(FakeEngine(), str(folder))
    with pytest.raises(GenerationFailed) as refused:
        draw(engine, canvas)
    assert refused.value.key == "failed_picture_memory"
    assert len(pipeline.tried) == tries


def test_another_error_is_not_taken_for_a_lack_of_memory() -> None:
    class Broken(FailingPipeline):
        def __call__(self, prompt: str) -> Any:
            raise RuntimeError("illegal memory access")

    with pytest.raises(RuntimeError, match="illegal"):
        PictureModel(Broken(0), torch.device("meta"))(REQUEST, lambda _: None)


def test_a_picture_that_the_models_own_filter_refuses_is_not_animated() -> None:
    black = SimpleNamespace(images=[Image.new("RGB", (8, 8))], nsfw_content_detected=[True])
    with pytest.raises(GenerationFailed) as refused:
        PictureModel(FailingPipeline(0, black), CPU)(REQUEST, lambda _: None)
    assert refused.value.key == "failed_picture_refused"


def test_a_pipeline_is_not_given_what_it_does_not_take() -> None:
    picture = PictureModel(FailingPipeline(0), CPU)(REQUEST, lambda _: None)  # takes a prompt alone
    assert picture.shape == (8, 8, 3)


def test_pictures_are_made_in_the_format_that_the_device_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = torch.device("cuda")
    for capability, dtype in (((8, 6), torch.bfloat16), ((7, 5), torch.float16)):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _, is_=capability: is_)
        assert text_to_image.picture_dtype("auto", cuda) is dtype
    assert text_to_image.picture_dtype("fp16", cuda) is torch.float16
    assert text_to_image.picture_dtype("auto", CPU) is torch.float32


def write(file: Path, data: bytes) -> None:
    file.write_bytes(data)


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "model_index.json is missing": ("model_index.json", Path.unlink),
    "model_index.json cannot be used": ("model_index.json", lambda file: write(file, b"{")),
    "model_index.json cannot be used: _class_name": (
        "model_index.json",
        lambda file: write(file, b'{"_class_name": 7}'),
    ),
    "is a Git LFS pointer": (
        "unet/diffusion_pytorch_model.safetensors",
        lambda file: write(file, b"version https://git-lfs.github.com/spec/v1\noid"),
    ),
    "vae/diffusion_pytorch_model.safetensors cannot be used": (
        "vae/diffusion_pytorch_model.safetensors",
        lambda file: write(file, file.read_bytes()[:-100]),
    ),
}


def refused_picture(engine: TextToImageEngine, canvas: Canvas) -> str:
    """Return the key with which an order of a picture fails; other orders are made."""
    with pytest.raises(GenerationFailed) as refused:
        draw(engine, canvas)
    assert len(draw(engine, canvas, tiny_request()).frames) == 4
    return refused.value.key


@pytest.mark.parametrize("fault", DAMAGES)
def test_a_damaged_file_is_named_at_the_start_and_other_clips_are_made(
    tmp_path: Path, canvas: Canvas, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    folder = write_text_to_image(tmp_path / "sd")
    name, damage = DAMAGES[fault]
    damage(folder / name)
    engine = TextToImageEngine(FakeEngine(), str(folder))
    with caplog.at_level(logging.ERROR):
        engine.load()
    [line] = [record.getMessage() for record in caplog.records]
    assert fault in line
    assert "\n" not in line
    assert refused_picture(engine, canvas) == "failed_picture_model"


def test_a_folder_without_safetensors_is_refused(
    tmp_path: Path, canvas: Canvas, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    engine = TextToImageEngine(FakeEngine(), str(tmp_path))
    engine.load()
    assert "holds no weights" in caplog.text
    assert refused_picture(engine, canvas) == "failed_picture_model"


def test_the_other_engine_is_loaded_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NotUsable, match="no weights here"):
        TextToImageEngine(FakeEngine("missing"), str(tmp_path)).load()
    assert not caplog.records


class Downloads:
    """Stands for the hub: a download ends once the gate is open, at first without success."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.gate = threading.Event()
        self.failures = 0
        self.begun = 0

    def __call__(self, _: str) -> Path:
        self.begun += 1
        assert self.gate.wait(60)
        if self.failures:
            self.failures -= 1
            raise NotUsableYet("the hub is away")
        return self._folder


@pytest.fixture
def downloads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Downloads:
    made = Downloads(folder)
    monkeypatch.setattr(text_to_image, "locate", made)
    monkeypatch.setattr(text_to_image, "WAIT_SECONDS", 0.01)
    return made


def test_a_model_of_the_hub_is_fetched_for_the_first_picture(
    downloads: Downloads, canvas: Canvas
) -> None:
    engine = TextToImageEngine(FakeEngine(), "owner/model")
    engine.load()
    assert len(draw(engine, canvas, tiny_request()).frames) == 4
    assert downloads.begun == 0
    stages: list[Stage] = []

    def hear(progress: Progress, _: bytes | None) -> None:
        stages.append(progress.stage)
        if stages.count(Stage.LOADING) == 3:  # it is told that the worker is alive
            downloads.gate.set()

    assert len(draw(engine, canvas, on_progress=hear).frames) == 1
    assert len(draw(engine, canvas).frames) == 1
    assert downloads.begun == 1


def test_a_cancel_ends_the_wait_for_a_download_and_not_the_download(
    downloads: Downloads, canvas: Canvas
) -> None:
    engine = TextToImageEngine(FakeEngine(), "owner/model")
    with pytest.raises(Cancelled):
        draw(engine, canvas, should_stop=lambda: True)
    downloads.gate.set()
    assert len(draw(engine, canvas).frames) == 1
    assert downloads.begun == 1


def test_a_download_that_failed_is_tried_for_the_next_picture(
    downloads: Downloads, canvas: Canvas
) -> None:
    downloads.failures = 1
    downloads.gate.set()
    engine = TextToImageEngine(FakeEngine(), "owner/model")
    assert refused_picture(engine, canvas) == "failed_picture_model"
    assert len(draw(engine, canvas).frames) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"_class_name": "I2VGenXLPipeline"}, "I2VGenXLPipeline"),
        ({"unet": ["diffusers", "UNet9DConditionModel"]}, "UNet9DConditionModel"),
    ],
)
def test_what_is_found_out_later_fails_the_order_and_is_logged_in_one_line(
    tmp_path: Path,
    canvas: Canvas,
    caplog: pytest.LogCaptureFixture,
    fault: dict[str, Any],
    said: str,
) -> None:
    folder = write_text_to_image(tmp_path / "sd")
    index = folder / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | fault))
    engine = TextToImageEngine(FakeEngine(), str(folder))
    engine.load()
    with caplog.at_level(logging.ERROR), pytest.raises(GenerationFailed) as refused:
        draw(engine, canvas)
    assert (refused.value.key, refused.value.parameters) == (
        "failed_picture_model",
        {"model": "tiny"},
    )
    [line] = [record.getMessage() for record in caplog.records if "PICTURE_MODEL" in record.msg]
    assert str(folder) in line
    assert said in line
    assert "\n" not in line
    assert len(draw(engine, canvas, tiny_request()).frames) == 4  # other orders are made
