"""The factory of engines starts to read weights before it imports torch."""

import subprocess
import sys


def test_weights_are_read_before_torch_is_imported() -> None:
    code = (
        "import sys; from gpu_worker.models import registry;"
        "registry.start_readahead = lambda folder: sys.exit('torch' in sys.modules or folder.name);"
        "registry.create('embedded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "embedded"
