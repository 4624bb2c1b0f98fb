"""HTML as text: every value is escaped, so that nothing a person wrote becomes markup."""

from __future__ import annotations

from html import escape

PREFIX = "mutoscope"
"""The first part of the paths of what the page loads beside Gradio's own."""


def element(name: str, /, *children: str, **attributes: object) -> str:
    """Return an element; attributes that are None or False are left out, `_` becomes `-`.

    children are markup already; see text().
    """
    written = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        written += f" {label}" if value is True else f' {label}="{escape(str(value))}"'
    return f"<{name}{written}>{''.join(children)}</{name}>"


def void(name: str, /, **attributes: object) -> str:
    """Return an element that has no children and no end tag."""
    return element(name, **attributes).removesuffix(f"</{name}>")


def text(words: str) -> str:
    """Return words as markup that shows them as they are."""
    return escape(words)


def address(*parts: str) -> str:
    """Return where something of the page is loaded from, relative to the page."""
    return "/".join((PREFIX, *parts))
