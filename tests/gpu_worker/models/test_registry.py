"""The factory of engines starts to read weights before it imports torch."""

import os
import subprocess
import sys

import pytest

from gpu_worker.models import registry


def test_memory_of_clips_of_other_sizes_can_be_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in ("", "max_split_size_mb:512"):
        monkeypatch.delenv("PYTORCH_ALLOC_CONF", raising=False)
        if setting:
            monkeypatch.setenv("PYTORCH_ALLOC_CONF", setting)
        registry.create("embedded", device="cpu")
        assert os.environ["PYTORCH_ALLOC_CONF"] == (setting or "expandable_segments:True")


def test_weights_are_read_before_torch_is_imported() -> None:
    code = (
        "import sys; from gpu_worker.models import registry;"
        "registry.start_readahead = lambda folder: sys.exit('torch' in sys.modules or folder.name);"
        "registry.create('embedded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "embedded"
