"""What goes wrong where a clip is to be signed."""

from __future__ import annotations


class CannotSign(Exception):
    """No credentials can be written into a file; the message says why."""
