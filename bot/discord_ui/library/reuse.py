"""The context menu entry "Reuse these settings" of messages with a clip, from whichever server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.edit_again import EditAgainButton, keep_form, keep_if_refused
from bot.discord_ui.commands.form import Form, read_form, read_line, read_upload, with_upload
from bot.discord_ui.commands.place_order import place_order
from bot.discord_ui.own_messages import shown_job
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import NO_MENTIONS, reply_errors
from bot.discord_ui.requester import FRONT_END, run_order
from bot.discord_ui.uploads import MAX_BYTES, download
from bot.discord_ui.visibility import job_for
from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.library.reuse import read_settings, reusable_options
from bot.studio.option_table import MODEL
from bot.studio.options import Options
from bot.studio.privacy.private_orders import asks_private
from storage.domain.camera.motion import Motion
from storage.domain.errors import BadPicture, BadRequest, JobGone
from storage.domain.job import Job

ACTION = "reuse"
IN_TIME = 1.5  # seconds for which a file is waited for; a form is the first answer, within 3
FILES = 4  # of one message that are looked at
SUFFIXES = (".mp4", ".gif", ".webp")


@dataclass(frozen=True, slots=True)
class _Reused:
    """Options to fill the form with, and the job whose picture may be taken (None: none)."""

    options: Options
    job: Job | None


async def show_form(interaction: Interaction, message: discord.Message) -> None:
    """Show the form, filled with the settings of the clip that a message shows."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        check_permissions(interaction)
        reading = asyncio.create_task(_read(interaction, message))
        await asyncio.wait([reading], timeout=IN_TIME)
        if reading.done():
            await interaction.response.send_modal(_form(interaction, await reading))
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        texts, locale = client.texts, interaction.locale.value
        key = keep_form(client, _form(interaction, await reading))
        button = EditAgainButton(key, texts.text(locale, "form_open"))
        await interaction.edit_original_response(
            content=texts.text(locale, "reuse_ready"),
            view=discord.ui.View(timeout=None).add_item(button),
            allowed_mentions=NO_MENTIONS,
        )


async def submit(interaction: Interaction, job_id: str) -> None:
    """Order what the submitted form asks for, with the attached picture or with the job's."""
    client = interaction.client
    studio = client.studio
    async with reply_errors(interaction, client.texts):
        job = await job_for(interaction, job_id) if job_id else None
        filled = Options() if job is None else reusable_options(job.request, studio.admission)
        keep_if_refused(interaction, _form(interaction, _Reused(filled, job)))
        check_permissions(interaction)
        # A motion that is chosen replaces a path that was filled in.
        base = filled.replace(camera=Motion.AUTO, path=read_line(interaction, "path"))
        # The form alone remembers for which model it was filled: that of the file.
        base = base.replace(**{MODEL: read_line(interaction, MODEL) or filled.get(MODEL)})
        options = read_form(interaction, with_upload(studio.admission), base)
        picture = read_upload(interaction)
        if picture is not None:
            await place_order(interaction, [picture], options)
        elif job is None:
            raise BadPicture("picture_needed")
        else:
            studio.orders.check(options)
            await run_order(
                interaction,
                lambda requester: studio.follow_ups.tweak(job_id, requester, options),
                private=asks_private(options),
            )


async def _read(interaction: Interaction, message: discord.Message) -> _Reused:
    """Return the settings of a clip of this service by its job, of any other by its file."""
    studio = interaction.client.studio
    job = await _known_job(interaction, message)
    if job is not None:
        options = reusable_options(job.request, studio.admission)
        if job.clip is not None and not job.clip.candidates:
            options = options.replace(seed=job.clip.seed, candidates=1)
        return _Reused(options, job)
    owner = str(interaction.user.id)
    refusal: BadRequest | None = None
    for file in _files(message):
        async with interaction.client.upload_limiter.slots(owner, [file.size]):
            data = await download(file)
            try:
                found = await asyncio.to_thread(read_settings, data, studio.admission)
            except BadRequest as error:
                refusal = refusal or error
                continue
        end = str(found.options.get(END_PICTURE, ""))
        known = found.picture and await studio.library.order_with(found.picture, owner, end)
        return _Reused(found.options, known or None)
    raise refusal or BadRequest("request_no_settings")


async def _known_job(interaction: Interaction, message: discord.Message) -> Job | None:
    """Return the job that one of the bot's own messages shows."""
    client = interaction.client
    if client.user is None or message.author.id != client.user.id:
        return None
    shown = shown_job(message)
    try:
        if shown:
            return await job_for(interaction, shown)
        return await client.studio.shown.at(FRONT_END, str(message.channel.id), str(message.id))
    except JobGone:
        return None


def _files(message: discord.Message) -> Iterator[discord.Attachment]:
    """Yield the files of a message, and of those that it forwards, which may be clips of ours."""
    files = [*message.attachments]
    files += [one for part in message.message_snapshots for one in part.attachments]
    fitting = [
        one for one in files if one.filename.lower().endswith(SUFFIXES) and one.size <= MAX_BYTES
    ]
    yield from fitting[:FILES]


def _form(interaction: Interaction, reused: _Reused) -> Form:
    texts, locale = interaction.client.texts, interaction.locale.value
    admission, options, job = interaction.client.studio.admission, reused.options, reused.job
    if options.get("path"):  # which wins over a motion
        options = options.replace(camera=Motion.AUTO)
    defaults = admission.defaults()
    return Form(
        title=texts.text(locale, "form_title_reuse"),
        custom_id=f"{ACTION}:{job.id if job is not None else ''}",
        options=Options(**{**defaults, **options}),
        admission=with_upload(admission),
        texts=texts,
        locale=locale,
        upload="form_picture" if job is None else "form_picture_kept",
        upload_required=job is None,
    )


def register(client: MutoscopeClient) -> None:
    """Add the menu entry, and handle its submitted forms."""
    client.modals[ACTION] = submit
    client.tree.add_message_menu("reuse", show_form)
