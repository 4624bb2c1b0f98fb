"""A bot on the real discord.py that uses everything that the local Discord offers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import discord
import imageio_ffmpeg
import numpy as np
import yarl
from discord import app_commands

from deploy.local.discord.server import LocalDiscord

CHOICES = [app_commands.Choice(name=name, value=name) for name in ("128p", "256p")]


def make_clip(path: Path) -> None:
    """Write two seconds of a moving rectangle as H.264."""
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (128, 128),
        fps=8,
        codec="libx264",
        macro_block_size=2,
        output_params=["-movflags", "+faststart"],
    )
    writer.send(None)
    for step in range(16):
        frame = np.full((128, 128, 3), 40, np.uint8)
        frame[32:96, step * 4 : step * 4 + 48] = (200, 160, 60)
        writer.send(frame.tobytes())
    writer.close()


class Translations(app_commands.Translator):
    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        known = {"animate": "动起来", "Make a picture move": "让图片动起来", "picture": "图片"}
        return known.get(string.message) if locale is discord.Locale.chinese else None


class Tweak(discord.ui.Modal, title="Tweak this clip"):
    prompt: discord.ui.Label[discord.ui.Modal] = discord.ui.Label(
        text="Prompt",
        description="What should happen",
        component=discord.ui.TextInput(default="zoom in", max_length=500, custom_id="prompt"),
    )
    speed: discord.ui.Label[discord.ui.Modal] = discord.ui.Label(
        text="Speed",
        component=discord.ui.Select(
            custom_id="speed",
            options=[
                discord.SelectOption(label="Slow", value="slow"),
                discord.SelectOption(label="Normal", value="normal", default=True),
            ],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        field, select = self.prompt.component, self.speed.component
        assert isinstance(field, discord.ui.TextInput)
        assert isinstance(select, discord.ui.Select)
        text = f"Tweaked to **{field.value}** at {select.values[0]}"
        await interaction.response.send_message(text)


class Buttons(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Retry", emoji="🔁", custom_id="again:1")
    async def again(
        self, interaction: discord.Interaction, _: discord.ui.Button[discord.ui.View]
    ) -> None:
        await interaction.response.defer()
        assert interaction.message is not None
        await interaction.edit_original_response(content="Once more")
        await interaction.followup.send("A new seed", ephemeral=True)

    @discord.ui.button(label="Tweak", style=discord.ButtonStyle.primary, custom_id="tweak:1")
    async def tweak(
        self, interaction: discord.Interaction, _: discord.ui.Button[discord.ui.View]
    ) -> None:
        await interaction.response.send_modal(Tweak())

    @discord.ui.button(label="Delete", style=discord.ButtonStyle.danger, custom_id="delete:1")
    async def delete(
        self, interaction: discord.Interaction, _: discord.ui.Button[discord.ui.View]
    ) -> None:
        await interaction.response.defer()
        await interaction.delete_original_response()


class SampleBot(discord.Client):
    def __init__(self, clip: Path, pause: float = 0.0) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        intents.guild_reactions = intents.dm_reactions = True
        super().__init__(intents=intents, guild_ready_timeout=0.1, max_messages=None)
        self.clip, self.pause = clip, pause
        self.tree = app_commands.CommandTree(self)
        self.seen: list[str] = []
        _add_commands(self)

    async def setup_hook(self) -> None:
        await self.tree.set_translator(Translations())
        self.add_view(Buttons())
        await self.tree.sync()

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        if self.user is None or event.user_id == self.user.id or str(event.emoji) != "🔁":
            return
        channel = await self.fetch_channel(event.channel_id)
        assert isinstance(channel, discord.TextChannel | discord.DMChannel)
        for _ in range(2):
            nonce = f"again-{event.message_id}"
            await self.http.send_message(
                channel.id,
                params=discord.http.handle_message_parameters(
                    content=f"<@{event.user_id}> again", nonce=nonce
                ),
            )

    async def on_message(self, message: discord.Message) -> None:
        self.seen.append(message.content)

    async def animate(self, interaction: discord.Interaction, text: str) -> None:
        await interaction.response.defer(thinking=True)
        for done in range(5):
            bar = "▰" * done + "▱" * (4 - done)
            embed = discord.Embed(title=text, description=f"{bar} {done * 25} %", colour=0x5865F2)
            await interaction.edit_original_response(content="", embed=embed)
            await asyncio.sleep(self.pause)
        embed = discord.Embed(title=text, colour=0x57F287)
        embed.add_field(name="Seed", value="`42`").set_footer(text="128p · 16 frames")
        file = discord.File(BytesIO(self.clip.read_bytes()), "clip.mp4", description=text)
        await interaction.edit_original_response(
            content=f"Done <t:1767225600:R> for {interaction.user.mention}",
            embed=embed,
            attachments=[file],
            view=Buttons(),
        )


def _add_commands(bot: SampleBot) -> None:
    @bot.tree.command(name="animate", description="Make a picture move")
    @app_commands.describe(picture="A picture", prompt="What should happen", frames="How many")
    @app_commands.choices(resolution=CHOICES)
    async def animate(  # noqa: PLR0917  # the command's options
        interaction: discord.Interaction,
        picture: discord.Attachment,
        prompt: app_commands.Range[str, 1, 500],
        resolution: str = "128p",
        frames: app_commands.Range[int, 8, 24] = 16,
        guidance: app_commands.Range[float, 1.0, 20.0] = 9.0,
        loop: bool = False,
    ) -> None:
        size = len(await picture.read())
        await bot.animate(interaction, f"{prompt} · {frames} · {size} bytes")

    @bot.tree.context_menu(name="Animate this")
    async def this(interaction: discord.Interaction, message: discord.Message) -> None:
        names = [attachment.filename for attachment in message.attachments]
        await bot.animate(interaction, f"from {names}")

    @bot.tree.command(description="Says something to you alone")
    async def quiet(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(
            f"Only for you: {interaction.locale}", ephemeral=True
        )

    @bot.tree.command(description="Never answers")
    async def slow(_: discord.Interaction) -> None:
        bot.seen.append("slow")

    @bot.tree.command(description="A card in the new layout")
    async def card(interaction: discord.Interaction) -> None:
        gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery(
            discord.MediaGalleryItem("attachment://clip.mp4", description="the clip")
        )
        view = discord.ui.LayoutView(timeout=None)
        box: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(
            discord.ui.TextDisplay("## A card\nwith **words** and `code`"),
            gallery,
            discord.ui.Separator(),
            discord.ui.ActionRow(discord.ui.Button(label="Press", custom_id="press")),
            accent_colour=0xEB459E,
        )
        view.add_item(box)
        await interaction.response.send_message(
            view=view, file=discord.File(BytesIO(bot.clip.read_bytes()), "clip.mp4")
        )


@asynccontextmanager
async def running_bot(
    server: LocalDiscord, clip: Path, pause: float = 0.0
) -> AsyncIterator[SampleBot]:
    """Run the bot against this server instead of Discord; pause is seconds between its edits."""
    websocket, route = discord.gateway.DiscordWebSocket, discord.http.Route
    before = route.BASE, websocket.DEFAULT_GATEWAY
    route.BASE, websocket.DEFAULT_GATEWAY = server.api_url, yarl.URL(server.gateway_url)
    try:
        async with SampleBot(clip, pause) as bot:
            task = asyncio.create_task(bot.start("local"))
            ready = asyncio.create_task(bot.wait_until_ready())
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield bot
            await bot.close()
            await task
    finally:
        route.BASE, websocket.DEFAULT_GATEWAY = before
