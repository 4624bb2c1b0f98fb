"""A lack of memory is told from other errors, and a call is retried after one."""

from __future__ import annotations

import pytest
import torch

from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import is_out_of_memory, retry_once

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("error", "lacks"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), True),
        (MemoryError(), True),
        (RuntimeError("GET was unable to find an engine to execute this computation"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `create`"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `create`"), True),
        (RuntimeError("NVML_SUCCESS == r INTERNAL ASSERT FAILED at CUDACachingAllocator"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_a_lack_of_memory_is_told_from_other_errors(error: Exception, lacks: bool) -> None:
    assert is_out_of_memory(error) is lacks


def test_a_call_is_retried_only_once_and_only_after_a_lack_of_memory() -> None:
    errors: list[Exception] = [MemoryError()]

    def call() -> int:
        if errors:
            raise errors.pop()
        return 3

    assert retry_once(call, CPU) == 3
    errors += [MemoryError("second"), MemoryError("first")]
    with pytest.raises(MemoryError, match="second"):
        retry_once(call, CPU)
    errors.append(RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        retry_once(call, CPU)
