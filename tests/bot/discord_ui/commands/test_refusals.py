"""Wrong input is refused by an ephemeral message, before any work is done."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import discord
import pytest
from simcord.backend.errors import OptionError

from tests.support.backend import png
from tests.support.discord.simulated_chat import Chat, ephemeral_texts, user_locale
from tests.support.pictures.hostile import scan_bomb


def claims(width: int, height: int) -> bytes:
    """Return a PNG whose header claims this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


PICTURES = {
    "not a picture": (b"hello there", "is not a picture", "不是图片"),
    "truncated": (png()[:-200], "damaged", "损坏"),
    "a vector graphic": (b"<svg xmlns='a'/>", "format SVG cannot be read", "无法读取 SVG 文件"),
    "a video": (b"\0\0\0\x20ftypisom" + bytes(99), "is a video", "这是视频"),
    "thousands of scans": (scan_bomb(5_000), "too long or too much", "太费时"),
    "30,000 x 30,000": (claims(30_000, 30_000), "too large", "太大"),
    "one pixel": (png((1, 1)), "too small", "太小"),
}

OPTIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "an empty prompt": ({"prompt": "   "}, "say in the prompt", "写明"),
    "a path of a dance": (
        {"path": "left, dance"},
        "cannot read “dance”",
        "路径中的“dance”",
    ),
    "a path into a pore": ({"path": "1 zoom 99"}, "zoom in “path” must", "“路径”中的缩放必须"),
    "a path back in time": ({"path": "1 zoom 2; 0 zoom 1"}, "later than", "依次递增"),
}


async def refused(chat: Chat, text: str, **options: Any) -> None:
    result = await chat.animate(**options)
    assert [text in send_ephemeral for send_ephemeral in ephemeral_texts(result)] == [True]
    assert [message for message in chat.messages if not message.flags.ephemeral] == []
    assert await chat.backend.jobs.pending.all() == []


@pytest.mark.parametrize(
    ("option", "limit"), [("prompt", 1000), ("negative_prompt", 1000), ("path", 600)]
)
async def test_discord_lets_no_longer_text_through(chat: Chat, option: str, limit: int) -> None:
    with pytest.raises(OptionError, match=f"at most {limit} characters, got 5000"):
        await chat.animate(**{option: "a" * 5000})


@pytest.mark.parametrize("case", list(PICTURES))
async def test_a_bad_picture_is_refused(chat: Chat, case: str) -> None:
    data, english, _ = PICTURES[case]
    await refused(chat, english, picture=("cat.png", data))


@pytest.mark.parametrize("case", list(PICTURES))
async def test_a_bad_picture_is_refused_in_chinese(chat: Chat, case: str) -> None:
    data, _, chinese = PICTURES[case]
    with user_locale("zh-CN"):
        await refused(chat, chinese, picture=("cat.png", data))


@pytest.mark.parametrize("case", list(OPTIONS))
async def test_bad_options_are_refused(chat: Chat, case: str) -> None:
    options, english, chinese = OPTIONS[case]
    await refused(chat, english, **options)
    with user_locale("zh-CN"):
        await refused(chat, chinese, **options)


async def test_discord_itself_checks_the_bounds_of_numbers(chat: Chat) -> None:
    [command] = [
        command for command in await chat.env.bot.tree.fetch_commands() if command.name == "animate"
    ]
    steps = next(option for option in command.options if option.name == "steps")
    assert (steps.min_value, steps.max_value) == (2, 50)
    assert "4–8" in steps.description


@pytest.mark.parametrize(
    ("who", "english", "chinese"),
    [
        ("the bot", "I may not post", "我在这里没有"),
        ("the person", "You may not post", "您在这里没有"),
    ],
)
async def test_a_missing_permission_is_named(
    chat: Chat, who: str, english: str, chinese: str
) -> None:
    denied = discord.PermissionOverwrite(attach_files=False)
    target = chat.guild.default_role if who == "the bot" else chat.alice
    chat.channel = chat.guild.create_text_channel("quiet", overwrites={target: denied})
    if who == "the bot":
        result = await chat.animate()
        assert "Attach Files" in ephemeral_texts(result)[0]
    await refused(chat, english)
    with user_locale("zh-CN"):
        await refused(chat, chinese)
