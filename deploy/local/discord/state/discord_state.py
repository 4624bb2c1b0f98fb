"""The whole state of the local Discord, in one folder."""

from pathlib import Path

from deploy.local.discord.state.attachments import AttachmentStore
from deploy.local.discord.state.commands import CommandRegistry
from deploy.local.discord.state.document_store import DocumentStore
from deploy.local.discord.state.events import EventDispatcher
from deploy.local.discord.state.guild import Guild
from deploy.local.discord.state.interaction.interactions import InteractionStore
from deploy.local.discord.state.messages import MessageStore
from deploy.local.discord.state.reactions import MessageReactions
from deploy.local.discord.state.snowflakes import Clock, Snowflakes
from deploy.local.discord.state.world import World


class DiscordState:
    """Guild, messages, commands and interactions; the folder's next start finds them again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._store = store = DocumentStore(folder / "discord.db")
        self.clock = Clock()
        self.world = World()
        ids = Snowflakes(self.clock)
        self.events = events = EventDispatcher()
        self.guild = guild = Guild(store, ids)
        self.attachments = AttachmentStore(folder / "files", store, ids)
        self.messages = MessageStore(guild, events, self.attachments, ids, store, self.world)
        self.reactions = MessageReactions(guild, events, self.messages)
        self.commands = CommandRegistry(store, ids, events)
        self.interactions = InteractionStore(guild, events, self.messages, ids, store)

    def close(self) -> None:
        """Close the files."""
        self._store.close()
