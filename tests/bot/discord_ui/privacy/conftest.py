"""The bot at a local Discord, with Ada, and Lin in another channel."""

from tests.bot.discord_ui.library.conftest import chat, lin

__all__ = ["chat", "lin"]
