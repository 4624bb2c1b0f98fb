"""The invitation grants what the bot demands before it posts a clip, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import discord

from bot.discord_ui.permissions import missing_permissions
from tests.support.discord.simulated_chat import Chat, text_of

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_invitation_grants_what_is_demanded_and_to_read_the_history() -> None:
    [bits] = re.findall(r"permissions=(\d+)", README.read_text("utf-8"))
    expected = discord.Permissions(read_message_history=True)
    for thread in (False, True):
        demanded = missing_permissions(discord.Permissions(), thread)
        expected.update(**dict.fromkeys(demanded, True))
    assert discord.Permissions(int(bits)) == expected


async def test_embed_links_is_needed_neither_for_a_clip_nor_for_details(chat: Chat) -> None:
    denied = discord.PermissionOverwrite(embed_links=False)
    everybody = {chat.guild.default_role: denied}
    chat.channel = chat.guild.create_text_channel("plain", overwrites=everybody)
    async with chat.backend.running():
        await chat.animate()
        clip = await chat.wait_for_clip()
    details = await chat.click(clip, "details")
    assert "seed" in text_of(details.response.message)
