"""A fake GPU: tensors that say they are on one, and compute on the host.

Tensors of both devices do not mix, number formats do not either where a GPU takes one only,
normalisation and convolution choose memory orders as a GPU's libraries do, and every wait of the
host for the device is recorded. No driver and no CUDA build is needed.
"""

from __future__ import annotations

import ctypes
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

CUDA = torch.device("cuda", 0)
GUARDS = "_ZN3c104impl26device_guard_impl_registryE"
CUDA_TYPE, META_TYPE = 1, 14
"""The numbers of CUDA and of the meta device in PyTorch's table of devices."""

ONE_DTYPE = {
    "addmm",
    "mm",
    "bmm",
    "baddbmm",
    "convolution",
    "native_group_norm",
    "native_layer_norm",
}
"""Operations that take floating-point numbers of one format only on a GPU."""

WAITS = {"_local_scalar_dense", "nonzero", "equal", "is_nonzero"}
"""Operations whose result the host waits for."""


class FakeCudaTensor(Tensor):
    """A tensor that says it is on a GPU; held is where its numbers are."""

    gpu: ClassVar[FakeGpu]
    held: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> FakeCudaTensor:
        made = cast(Any, Tensor)._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=CUDA,
        )
        made.held = inner
        return cast(FakeCudaTensor, made)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # the stub lacks the function
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return cls.gpu.run(func, args, kwargs or {})


class FakeGpu(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's class is untyped
    """The device; waits holds, for every wait of the host, the operation and the call stack."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's class is untyped
        self.waits: list[tuple[str, str]] = []
        FakeCudaTensor.gpu = self

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.run(func, args, kwargs or {})

    def run(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        leaves = tree_leaves((args, kwargs))
        name = func._schema.name.removeprefix("aten::")
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        ours = [tensor for tensor in tensors if isinstance(tensor, FakeCudaTensor)]
        places = [leaf.type for leaf in leaves if isinstance(leaf, torch.device)]
        # Without a driver PyTorch takes the meta device for the first GPU.
        moved = name == "_to_copy" and "meta" in places and not tensors[0].is_meta
        if not ours and "cuda" not in places and not moved:
            return func(*args, **kwargs)
        composite = torch._C._dispatch_has_kernel_for_dispatch_key(
            func.name(), "CompositeImplicitAutograd"
        )
        if composite and name != "scaled_dot_product_attention":
            with self:
                return func.decompose(*args, **kwargs)
        if name in ("_to_copy", "copy_"):
            return self._copied(func, name, args, kwargs)
        if name in WAITS:
            self._note(name)
        _check(name, tensors)
        if places:
            kwargs = {**kwargs, "device": torch.device("cpu")}
        result = func(*tree_map(_inner, args), **tree_map(_inner, kwargs))
        if name == "convolution":
            result = _ordered(_inner(args[0]), _inner(args[1]), result)
        same = {id(tensor.held): tensor for tensor in ours}
        return tree_map(lambda one: _outer(same.get(id(one), one)), result)

    def _copied(self, func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        if name == "copy_":
            if isinstance(args[0], FakeCudaTensor) != isinstance(args[1], FakeCudaTensor):
                self._note("copy")
            func(_inner(args[0]), _inner(args[1]))
            return args[0]
        given = dict(kwargs)
        target = given.pop("device", None)
        free = given.pop("non_blocking", False)
        leaves = target is not None and target.type == "cpu"
        if leaves or (not isinstance(args[0], FakeCudaTensor) and not free):
            self._note("copy")
        copied = func(_inner(args[0]), **given)
        return copied if leaves else _outer(copied)

    def _note(self, what: str) -> None:
        frames = [frame for frame in traceback.extract_stack() if "/gpu_worker/" in frame.filename]
        here = [frame.name for frame in frames if "/tests/" not in frame.filename]
        self.waits.append((what, " > ".join(here)))


def _inner(one: Any) -> Any:
    return one.held if isinstance(one, FakeCudaTensor) else one


def _outer(one: Any) -> Any:
    return (
        FakeCudaTensor(one)
        if isinstance(one, Tensor) and not isinstance(one, FakeCudaTensor)
        else one
    )


def _check(name: str, tensors: list[Tensor]) -> None:
    if any(not isinstance(tensor, FakeCudaTensor) and tensor.dim() for tensor in tensors):
        raise RuntimeError(f"{name}: tensors of the host and of the device")
    kinds = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    if name in ONE_DTYPE and len(kinds) > 1:
        raise RuntimeError(f"{name}: different number formats, {kinds}")


def _ordered(maps: Tensor, weight: Tensor, result: Tensor) -> Tensor:
    """Give a convolution's result the memory order that cuDNN does."""
    last = torch.channels_last
    inner = [
        one.dim() == 4 and one.is_contiguous(memory_format=last) and not one.is_contiguous()
        for one in (maps, weight)
    ]
    return result.contiguous(memory_format=last) if any(inner) else result.contiguous()


class FakeStream:
    """A queue of the device; current are those that were entered and not left.

    waited holds the events that it waits for, kept the tensors that are not reused before its work.
    """

    current: ClassVar[list[FakeStream]] = []

    def __init__(self, _device: Any = None, name: str = "copies") -> None:
        self.name = name
        self.waited: list[FakeEvent] = []
        self.kept: list[Tensor] = []

    def wait_event(self, event: FakeEvent) -> None:
        assert event.stream is not None
        self.waited.append(event)


@contextmanager
def on_stream(stream: FakeStream) -> Iterator[None]:
    """Stand for torch.cuda.stream."""
    FakeStream.current.append(stream)
    try:
        yield
    finally:
        FakeStream.current.pop()


class FakeEvent:
    """An event that has to be recorded before it is waited for.

    synchronized holds those that the host waited for.
    """

    synchronized: ClassVar[list[FakeEvent]] = []

    def __init__(self, **_options: Any) -> None:
        self.stream: FakeStream | None = None

    def record(self, stream: FakeStream | None = None) -> None:
        self.stream = stream or cast(Any, torch.cuda).current_stream()

    def synchronize(self) -> None:
        assert self.stream is not None
        FakeEvent.synchronized.append(self)


@contextmanager
def fake_gpu(patch: pytest.MonkeyPatch) -> Iterator[FakeGpu]:
    """Install a fake GPU; patch takes back what it changes."""
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libc10.so"))
    guards = (ctypes.c_void_p * 22).in_dll(library, GUARDS)
    before, guards[CUDA_TYPE] = guards[CUDA_TYPE], guards[META_TYPE]
    for name, value in {
        "_lazy_init": None,
        "is_available": True,
        "device_count": 1,
        "synchronize": None,
        "empty_cache": None,
        "mem_get_info": (2**34, 2**34),
        "memory_reserved": 0,
        "get_device_name": "a fake GPU",
        "get_device_capability": (9, 0),
    }.items():
        patch.setattr(torch.cuda, name, lambda *_given, value=value: value)
    patch.setattr(torch.cuda, "Event", FakeEvent)
    patch.setattr(torch.cuda, "Stream", FakeStream)
    patch.setattr(torch.cuda, "stream", on_stream)
    usual = FakeStream(name="computations")
    patch.setattr(torch.cuda, "current_stream", lambda _=None: [usual, *FakeStream.current][-1])
    patch.setattr(FakeEvent, "synchronized", [])
    patch.setattr(Tensor, "record_stream", lambda tensor, stream: stream.kept.append(tensor))
    patch.setattr(Tensor, "pin_memory", lambda tensor, *_given: tensor)
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        with FakeGpu() as gpu:
            yield gpu
    finally:
        torch._C._set_only_lift_cpu_tensors(False)
        guards[CUDA_TYPE] = before
