"""Clips: the same as the stock pipeline's, in every preset and number format, and cancelled."""

from __future__ import annotations

import time
from typing import Any

import torch

from gpu_worker.check.report import NeedsOtherMachine, require
from gpu_worker.check.subject import Subject, Watch, checked_frames, make_clip, psnr
from gpu_worker.engine.api import Cancelled
from gpu_worker.lab.bench.accuracy import measure_errors
from gpu_worker.lab.bench.pipelines import engine_latents
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.hardware.device_facts import has_bf16
from gpu_worker.models.i2vgen_xl.memory.estimator import weight_bytes
from storage.domain.camera.motion import Camera, Motion
from storage.domain.request import Preset

STEPS = 12
"""Of a preset's clip: so many that even `draft` takes some, and a preview comes."""

EXACT_LIMIT = 1e-4
"""The engine's distance from the stock pipeline on a CPU, as a share of the latents' size."""


FORMAT_DISTANCE = {"bf16": 0.3, "fp32": 0.1}
"""How far a number format's latents may be from the usual one's: rounding, which random weights
carry on from step to step; eight times as coarse in bf16 as in fp16."""

PROFILE, PROFILE_ROWS = "profile.txt", 40
"""The file, in the scratch folder, that lists what the device spent its time on."""


def weights(subject: Subject) -> str:
    """Write a checkpoint with random weights."""
    began = time.perf_counter()
    size = sum(file.stat().st_size for file in subject.checkpoint.rglob("*.safetensors"))
    return f"{size / 2**30:.2f} GiB written in {time.perf_counter() - began:.1f} s"


def loading(subject: Subject) -> str:
    """Load the engine beside the stock pipeline, and once more alone, from a warm cache."""
    pipeline = subject.engine.pipeline
    size = weight_bytes(pipeline.unet, pipeline.components.vae) / 2**30
    began = time.perf_counter()
    subject.load()
    return f"{time.perf_counter() - began:.1f} s for {size:.2f} GiB of UNet and autoencoder"


def agreement(subject: Subject) -> str:
    """Compare the engine's and the stock pipeline's latents with those of higher precision."""
    row = measure_errors(subject.pair, subject.small)[Preset.EXACT]
    ours, stock = row["error_vs_reference"], row["stock_error_vs_reference"]
    found = f"error {ours:.1e}, the stock pipeline's {stock:.1e}"
    require(ours <= max(1.5 * stock, EXACT_LIMIT), found)
    return found


def preset(subject: Subject, name: Preset) -> str:
    """Make a whole clip with a preset and watch its progress."""
    watch = Watch()
    began = time.perf_counter()
    result = make_clip(subject.engine, subject.clip, watch, preset=name, steps=STEPS)
    seconds = time.perf_counter() - began
    checked_frames(result, subject.clip)
    found = f"{seconds:.2f} s for {watch.total} steps, {watch.previews} previews"
    require(watch.steps == watch.total, f"{found}; the last step reported was {watch.steps}")
    require(watch.previews > 0, found)
    require(not result.adjustments, f"{found}; gave up {result.adjustments}")
    return found


def camera(subject: Subject) -> str:
    """Make a clip whose camera moves, from the catalogue's usual strength."""
    changes: dict[str, Any] = {"camera": Camera(Motion.ZOOM_IN, strength=0.5), "steps": 6}
    frames = checked_frames(make_clip(subject.engine, subject.clip, **changes), subject.clip)
    moved = float(abs(frames[-1].astype(int) - frames[0].astype(int)).mean())
    require(moved > 1.0, f"first and last frame differ by {moved:.1f} of 255")
    return f"first and last frame differ by {moved:.1f} of 255"


def repeated(subject: Subject) -> str:
    """Make a clip twice; return how far its frames differ."""
    first, second = (make_clip(subject.engine, subject.small).array for _ in range(2))
    difference = int(abs(first.astype(int) - second.astype(int)).max())
    require(difference <= (2 if subject.gpu else 0), f"differs by {difference} of 255")
    return f"differs by {difference} of 255"


def candidates(subject: Subject) -> str:
    """Make two candidates of one order; the chosen one is what it is alone."""
    result = make_clip(subject.engine, subject.small, candidates=2)
    alone = make_clip(subject.engine, subject.small, seed=result.seed)
    found = f"{psnr(result.array, alone.array):.1f} dB from the same seed alone"
    require(psnr(result.array, alone.array) >= (30.0 if subject.gpu else 45.0), found)
    return found


def number_format(subject: Subject, name: str) -> str:
    """Make a clip in a number format and compare it with the usual one's."""
    if name == "bf16" and not has_bf16(subject.device):
        raise NeedsOtherMachine("needs a card that computes in bf16")
    usual = engine_latents(subject.engine, subject.small, Preset.EXACT).float()
    engine = subject.load(dtype=name)
    wide = engine_latents(engine, subject.small, Preset.EXACT).float()
    error = float((wide - usual).square().mean().sqrt() / usual.square().mean().sqrt())
    checked_frames(make_clip(engine, subject.small), subject.small)
    found = f"distance from {resolve_dtype('auto', subject.device)} {error:.1e}"
    require(error <= FORMAT_DISTANCE[name], found)
    return found


def cancelling(subject: Subject) -> str:
    """Cancel a clip after its first step; return how many more steps it takes, and seconds."""
    watch = Watch(stop_after=1)
    began = time.perf_counter()
    try:
        make_clip(subject.engine, subject.clip, watch, steps=50)
    except Cancelled:
        late = watch.steps - 1
        found = f"{late} more steps, over after {time.perf_counter() - began:.2f} s"
        require(late <= 1, found)
        return found
    require(False, "the clip was made to its end")
    return ""


def busy(subject: Subject) -> str:
    """Return the share of a clip's denoising in which the device computes."""
    subject.require_gpu()
    engine_latents(subject.engine, subject.clip, Preset.EXACT)
    activities = [torch.profiler.ProfilerActivity.CUDA]
    torch.cuda.synchronize(subject.device)
    began = time.perf_counter()
    with torch.profiler.profile(activities=activities) as profile:
        engine_latents(subject.engine, subject.clip, Preset.EXACT)
        torch.cuda.synchronize(subject.device)
        seconds = time.perf_counter() - began
    events = profile.key_averages()
    computing = sum(event.self_device_time_total for event in events) / 1e6
    table = events.table(sort_by="self_device_time_total", row_limit=PROFILE_ROWS)
    (subject.scratch / PROFILE).write_text(table, encoding="utf-8")
    launches = sum(event.count for event in events)
    return f"{computing / seconds:.0%} of {seconds:.2f} s, {launches} launches; see {PROFILE}"
