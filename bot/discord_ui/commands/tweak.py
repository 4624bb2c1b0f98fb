"""Tweak: the form that makes a clip anew with other parameters."""

from __future__ import annotations

from bot.discord_ui.client import MutoscopeClient, Talk
from bot.discord_ui.commands.form import Form, read_form
from bot.discord_ui.replies import telling
from bot.discord_ui.requester import check_place, requester
from bot.studio.options import Options, resolutions
from storage.domain.job import Job

ACTION = "tweak"


async def ask(interaction: Talk, job: Job) -> None:
    """Show the form, filled with this job's parameters."""
    client = interaction.client
    locale = interaction.locale.value
    model = client.studio.catalogue.model(job.request.model)
    form = Form(
        title=client.words.text(locale, "form_title_tweak"),
        custom_id=f"{ACTION}:{job.id}",
        options=Options.of(job.request, client.studio.catalogue),
        resolutions=resolutions(model, client.studio.profile),
        words=client.words,
        locale=locale,
    )
    await interaction.response.send_modal(form)


async def answer(interaction: Talk, job_id: str) -> None:
    """Order what the sent form asks for, in a message of its own."""
    client = interaction.client
    async with telling(interaction, client.words):
        check_place(interaction)
        job = await client.studio.job(job_id)
        options = read_form(interaction, Options.of(job.request, client.studio.catalogue))
        client.studio.check(options)
        response = await interaction.response.defer(thinking=True)
        message = response.message_id if response else None
        await client.studio.tweak(job_id, requester(interaction, message), options)


def register(client: MutoscopeClient) -> None:
    """Let sent forms come here."""
    client.modals[ACTION] = answer
