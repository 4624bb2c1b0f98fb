"""Tells whether a browser sends a request because another site made it do so."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

OWN = ("same-origin", "none")
"""What a browser says of the page's own requests, and of what its person does by themselves."""
DEFAULT_PORTS = {"http": 80, "https": 443}


def is_foreign(request: Request) -> bool:
    """Tell whether another site is behind a request; that a person followed its link is not.

    Browsers say so themselves, except older ones and those that came without TLS: of these, the
    Origin has to be the host that was asked for. What is no browser says nothing, and is let in.
    """
    site = request.headers.get("sec-fetch-site", "")
    if site:
        return site not in OWN and not _follows_link(request)
    origin = request.headers.get("origin")
    return origin is not None and not _is_own(origin, request)


def _follows_link(request: Request) -> bool:
    mode, target = (request.headers.get(f"sec-fetch-{name}") for name in ("mode", "dest"))
    return request.method == "GET" and (mode, target) == ("navigate", "document")


def _is_own(origin: str, request: Request) -> bool:
    """Tell whether an origin is where the page is, by the request or by its reverse proxy.

    Another site's script cannot set the proxy's header: the browser would ask before, by a request
    without it, and that one is refused.
    """
    forwarded = ",".join(request.headers.getlist("x-forwarded-host"))
    hosts = [request.headers.get("host", ""), *forwarded.split(",")]
    scheme, _, asked = origin.partition("://")
    wanted = _place(scheme, asked)
    return wanted is not None and wanted in [_place(scheme, one.strip()) for one in hosts]


def _place(scheme: str, host: str) -> tuple[str, int] | None:
    """Return a host's name and port, None for what is none."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port or DEFAULT_PORTS[scheme]
    except (ValueError, KeyError):
        return None
    return (parts.hostname, port) if parts.hostname else None
