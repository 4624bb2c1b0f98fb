"""Another site makes a browser do nothing at the page; its person, proxy and scripts do all."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from bot.web.access.origins import is_foreign

HOST = "page.example:8443"
OWN, EVIL = f"https://{HOST}", "https://evil.example"


def asked(method: str = "POST", **headers: str) -> Request:
    sent = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "method": method, "headers": sent})


@pytest.mark.parametrize(
    "headers",
    [
        {"host": HOST},
        {"host": HOST, "origin": OWN},
        {"host": HOST.upper(), "origin": OWN},
        {"host": "page.example:443", "origin": "https://page.example"},
        {"host": "page.example", "origin": "http://page.example:80"},
        {"host": "[::1]:7860", "origin": "http://[::1]:7860"},
        {"host": "inner", "origin": OWN, "x_forwarded_host": HOST},
        {"host": "inner", "origin": OWN, "x_forwarded_host": f"{HOST}, outer"},
        {"host": "inner", "origin": OWN, "sec_fetch_site": "same-origin"},
        {"host": HOST, "sec_fetch_site": "none"},
    ],
)
def test_who_is_at_the_page_may_order(headers: dict[str, str]) -> None:
    assert not is_foreign(asked(**headers))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": HOST, "origin": EVIL},
        {"host": HOST, "origin": "https://page.example"},
        {"host": HOST, "origin": "null"},
        {"host": HOST, "origin": ""},
        {"host": HOST, "origin": "https://page.example:port"},
        {"origin": "https://"},
        {"host": "inner", "origin": EVIL, "x_forwarded_host": HOST},
        {"host": HOST, "sec_fetch_site": "cross-site"},
        {"host": HOST, "sec_fetch_site": "same-site", "sec_fetch_mode": "navigate"},
        {"host": HOST, "origin": OWN, "sec_fetch_site": "cross-site"},
    ],
)
def test_another_site_may_neither_order_nor_read(method: str, headers: dict[str, str]) -> None:
    assert is_foreign(asked(method, **headers))


@pytest.mark.parametrize(("method", "foreign"), [("GET", False), ("POST", True)])
def test_a_link_of_another_site_leads_to_the_page(method: str, foreign: bool) -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert is_foreign(asked(method, host=HOST, sec_fetch_dest="document", **link)) is foreign
    assert is_foreign(asked(method, host=HOST, sec_fetch_dest="iframe", **link))
