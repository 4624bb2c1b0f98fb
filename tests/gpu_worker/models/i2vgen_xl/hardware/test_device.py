"""Number formats follow the setting, or the device where it is auto."""

import torch

from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype


def test_number_formats_follow_the_device() -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert resolve_dtype("auto", cpu) is torch.float32
    assert resolve_dtype("bf16", cpu) is torch.bfloat16
    assert resolve_dtype("auto", gpu) is torch.float16
