"""Pictures are found in attachments, forwards and link previews; spoilers stay spoilers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.discord_ui.commands.message_pictures import pictures_of
from storage.domain.errors import BadPicture

PROXY = "https://images-ext-1.discordapp.net/external/x/"


def attachment(name: str) -> discord.Attachment:
    data: Any = {"id": 1, "filename": name, "size": 3, "url": name, "proxy_url": name}
    return discord.Attachment(data=data, state=cast(Any, SimpleNamespace(http=None)))


def linked(link: str) -> discord.Embed:
    thumbnail = {"url": link, "proxy_url": PROXY + "cat.png"}
    return discord.Embed.from_dict(
        cast(Any, {"type": "image", "url": link, "thumbnail": thumbnail})
    )


def message(content: str = "", *snapshots: Any, **fields: Any) -> discord.Message:
    empty = {"attachments": [], "embeds": [], "message_snapshots": list(snapshots)}
    state = SimpleNamespace(http=None)
    parts = {"id": 1, "content": content, "_state": state, **empty, **fields}
    return cast(discord.Message, SimpleNamespace(**parts))


def test_the_pictures_of_a_forward_come_after_the_own_ones() -> None:
    forwarded = message(attachments=[attachment("b.png"), attachment("notes.txt")])
    found = pictures_of(message("", forwarded, attachments=[attachment("a.png")]))
    assert [picture.filename for picture in found][:2] == ["a.png", "b.png"]


def test_the_picture_under_a_link_is_read_from_discords_proxy() -> None:
    link = "https://example.org/cat.png?size=9"
    [picture] = pictures_of(message(link, embeds=[linked(link)]))
    assert (picture.filename, picture.url) == ("cat.png", PROXY + "cat.png")
    assert not picture.is_spoiler()


def test_a_link_between_spoiler_marks_is_a_spoiler() -> None:
    link = "https://example.org/cat.png"
    [picture] = pictures_of(message(f"look ||{link}||", embeds=[linked(link)]))
    assert picture.is_spoiler()


def test_an_embed_without_a_proxied_picture_is_none() -> None:
    with pytest.raises(BadPicture, match="picture_none_in_message"):
        pictures_of(message(embeds=[discord.Embed(title="a")]))
