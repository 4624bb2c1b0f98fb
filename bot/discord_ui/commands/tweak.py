"""Tweak: a form filled with a clip's options, and the order of what is submitted."""

from __future__ import annotations

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.edit_again import EditAgainButton, keep_if_refused
from bot.discord_ui.commands.form import Form, read_form
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import run_order
from bot.discord_ui.visibility import job_for
from bot.studio.privacy.private_orders import asks_private
from storage.domain.job import Job

ACTION = "tweak"


async def show_form(interaction: Interaction, job: Job) -> None:
    """Show the form, filled with this job's options."""
    await interaction.response.send_modal(_form(interaction, job))


def _form(interaction: Interaction, job: Job) -> Form:
    client = interaction.client
    locale, admission = interaction.locale.value, client.studio.admission
    return Form(
        title=client.texts.text(locale, "form_title_tweak"),
        custom_id=f"{ACTION}:{job.id}",
        options=admission.options_of(job.request),
        admission=admission,
        texts=client.texts,
        locale=locale,
    )


async def submit(interaction: Interaction, job_id: str) -> None:
    """Order what the submitted form asks for, in a message of its own."""
    client = interaction.client
    studio, admission = client.studio, client.studio.admission
    async with reply_errors(interaction, client.texts):
        job = await job_for(interaction, job_id)
        keep_if_refused(interaction, _form(interaction, job))
        check_permissions(interaction)
        before, draws = admission.options_of(job.request), not job.request.picture
        options = read_form(interaction, admission, before, draws)
        studio.orders.check(options)
        await run_order(
            interaction,
            lambda requester: studio.follow_ups.tweak(job_id, requester, options),
            private=asks_private(options),
        )


def register(client: MutoscopeClient) -> None:
    """Handle submitted forms, and the button under refused ones."""
    client.add_dynamic_items(EditAgainButton)
    client.modals[ACTION] = submit
