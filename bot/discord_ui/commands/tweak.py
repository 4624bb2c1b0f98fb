"""Tweak: the form that makes a clip anew with other parameters."""

from __future__ import annotations

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.form import Form, read_form
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import defer
from bot.studio.options import Options, resolutions
from storage.domain.job import Job

ACTION = "tweak"


async def ask(interaction: Interaction, job: Job) -> None:
    """Show the form, filled with this job's parameters."""
    client = interaction.client
    locale = interaction.locale.value
    model = client.studio.catalogue.model(job.request.model)
    form = Form(
        title=client.texts.text(locale, "form_title_tweak"),
        custom_id=f"{ACTION}:{job.id}",
        options=Options.of(job.request, client.studio.catalogue),
        resolutions=resolutions(model, client.studio.profile),
        texts=client.texts,
        locale=locale,
    )
    await interaction.response.send_modal(form)


async def answer(interaction: Interaction, job_id: str) -> None:
    """Order what the sent form asks for, in a message of its own."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        check_permissions(interaction)
        job = await client.studio.job(job_id)
        options = read_form(interaction, Options.of(job.request, client.studio.catalogue))
        client.studio.check(options)
        await client.studio.tweak(job_id, await defer(interaction), options)


def register(client: MutoscopeClient) -> None:
    """Let sent forms come here."""
    client.modals[ACTION] = answer
