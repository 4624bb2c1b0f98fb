"""A local stand-in for Discord that real bot processes connect to over sockets."""

from typing import Any

Json = dict[str, Any]
"""One JSON object as it travels over the wire."""
