"""Where a checkpoint's files are: embedded, in a folder, or from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from gpu_worker.models.i2vgen_xl.checkpoint import traits

EMBEDDED = Path(__file__).parents[2] / "embedded"
COMPONENTS = ("unet", "vae", "text_encoder", "image_encoder")
PATTERNS = (
    "*/config.json",
    "tokenizer/*",
    "scheduler/*",
    "feature_extractor/*",
    traits.FILE,
)
"""What is taken from the hub beside the weights of the components."""


def locate(source: str) -> Path:
    """Return the folder of `embedded`, of a path, or of a hub id; raise FileNotFoundError."""
    folder = EMBEDDED if source == "embedded" else Path(source).expanduser()
    if (folder / "unet" / "config.json").is_file():
        return folder
    if source == "embedded" or folder.is_absolute() or source.count("/") != 1:
        raise FileNotFoundError(f"no checkpoint in {folder}")
    return _from_hub(source)


def weight_file(folder: Path) -> Path:
    """Return the one weight file of a component, in half precision where there are two."""
    files = sorted(folder.glob("*.safetensors"), key=lambda path: "fp16" not in path.name)
    if not files:
        raise FileNotFoundError(f"no safetensors in {folder}")
    return files[0]


def _from_hub(source: str) -> Path:
    half = [f"{component}/*fp16.safetensors" for component in COMPONENTS]
    try:
        folder = Path(snapshot_download(source, allow_patterns=[*PATTERNS, *half]))
        if not any((folder / "unet").glob("*.safetensors")):
            whole = [f"{component}/*.safetensors" for component in COMPONENTS]
            folder = Path(snapshot_download(source, allow_patterns=[*PATTERNS, *whole]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise FileNotFoundError(f"{source} cannot be had from the hub: {error}") from error
    return folder
