"""`python -m gpu_worker.check`: one line for each thing that a worker's engine needs of a machine.

On a GPU the checks run at full size with random weights, which takes about five minutes; on a CPU
they run on a tiny model, and what needs CUDA is named as not run. The exit status is 1 where a
check failed.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from gpu_worker.check import (
    clip_checks,
    compile_checks,
    device_checks,
    memory_checks,
    process_checks,
)
from gpu_worker.check.report import CheckResult, Verdict, run_check
from gpu_worker.check.subject import Subject
from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_device
from gpu_worker.models.i2vgen_xl.memory.fallback import FallbackStep
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS
from storage.domain.request import Preset

Check = Callable[[Subject], str]

CHECKS: Mapping[str, Check] = {
    "device": device_checks.versions,
    "hardware profile": device_checks.hardware_profile,
    "matrix products": device_checks.matrix_products,
    **{f"attention {name}": partial(device_checks.attention, kernel=name) for name in KERNELS},
    "attention auto": device_checks.attention_choice,
    "group norm": device_checks.group_norms,
    "random weights": clip_checks.weights,
    "loading": clip_checks.loading,
    "stock agreement": clip_checks.agreement,
    **{f"preset {name.value}": partial(clip_checks.preset, name=name) for name in Preset},
    "device busy": clip_checks.busy,
    "camera": clip_checks.camera,
    "same seed": clip_checks.repeated,
    "candidates": clip_checks.candidates,
    **{
        f"format {name}": partial(clip_checks.number_format, name=name) for name in ("bf16", "fp32")
    },
    "cancel": clip_checks.cancelling,
    "graphs": compile_checks.graphs,
    **{
        f"fallback {step.value}": partial(memory_checks.fallback, step=step)
        for step in FallbackStep
    },
    "offload overlap": memory_checks.overlapped_offload,
    "lack of memory, 3/4": partial(memory_checks.lack_of_memory, share=0.75),
    "lack of memory, 1/3": partial(memory_checks.lack_of_memory, share=0.33),
    "full device": partial(memory_checks.full_device, free_gib=1.0),
    "embedded in a child": process_checks.embedded,
    "compiled, auto": partial(compile_checks.compiled_clip, kernel="auto"),
    "compiled, reloaded": compile_checks.reloaded_artifacts,
    "cancel, compiling": compile_checks.cancel_while_compiling,
    "compiled, xformers": partial(compile_checks.compiled_clip, kernel="xformers"),
}


def main() -> int:
    """Run the checks; return the exit status."""
    options = _options()
    try:
        device = resolve_device(options.device)
    except NotUsable as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.ERROR)
    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    torch.set_grad_enabled(False)
    results = []
    scratch = nullcontext(options.scratch) if options.scratch else tempfile.TemporaryDirectory()
    with scratch as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subject = Subject(device, Path(folder))
        for name in options.only or CHECKS:
            results.append(run_check(name, partial(CHECKS[name], subject)))
            print(results[-1].line(), flush=True)
            if results[-1].trace:
                print(results[-1].trace, file=sys.stderr, flush=True)
    return _summary(results)


def _summary(results: list[CheckResult]) -> int:
    """Print how many checks passed; return the exit status."""
    numbers = {status: sum(one.status is status for one in results) for status in Verdict}
    seconds = sum(one.seconds for one in results)
    print(
        f"{numbers[Verdict.PASSED]} passed, {numbers[Verdict.FAILED]} failed, "
        f"{numbers[Verdict.NOT_RUN]} not run, in {seconds:.0f} s"
    )
    return 1 if numbers[Verdict.FAILED] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gpu_worker.check", description=__doc__)
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:N, or auto")
    parser.add_argument("--scratch", type=Path, help="keep random weights here for further runs")
    parser.add_argument(
        "--only", nargs="+", choices=CHECKS, metavar="CHECK", help=f"of: {', '.join(CHECKS)}"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
