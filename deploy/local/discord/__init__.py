"""A local stand-in for Discord that real bot processes connect to over sockets."""

from deploy.local.discord.clock import Clock
from deploy.local.discord.server import LocalDiscord

__all__ = ["Clock", "LocalDiscord"]
