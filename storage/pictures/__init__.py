"""Safe reading of uploaded pictures; `processes` does it outside of the caller's process."""

from storage.pictures.decoding import open_picture
from storage.pictures.inspection import inspect

__all__ = ["inspect", "open_picture"]
