"""Extend: a form with a finished clip's options, and the order of what goes on from it."""

from __future__ import annotations

from dataclasses import replace

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.edit_again import keep_if_refused
from bot.discord_ui.commands.form import Form, read_form
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import run_order
from bot.discord_ui.visibility import job_for
from bot.studio.chains.extension import FIXED, extension_options
from bot.studio.orders.admission import Admission
from bot.studio.privacy.private_orders import asks_private
from storage.domain.job import Job

ACTION = "extend"


async def show_form(interaction: Interaction, job_id: str) -> None:
    """Show the form, filled with this clip's options as far as they may differ."""
    check_permissions(interaction)
    job = await job_for(interaction, job_id)
    await interaction.response.send_modal(_form(interaction, job))


def _form(interaction: Interaction, job: Job) -> Form:
    client = interaction.client
    locale, admission = interaction.locale.value, client.studio.admission
    return Form(
        title=client.texts.text(locale, "form_title_extend"),
        custom_id=f"{ACTION}:{job.id}",
        options=extension_options(admission, job),
        admission=_shown(admission),
        texts=client.texts,
        locale=locale,
    )


def _shown(admission: Admission) -> Admission:
    """Return the admission without the options that both parts of a clip share."""
    table = tuple(option for option in admission.table if option.name not in FIXED)
    return replace(admission, table=table)


async def submit(interaction: Interaction, job_id: str) -> None:
    """Order what the submitted form asks for, in a message of its own."""
    client = interaction.client
    studio, admission = client.studio, client.studio.admission
    async with reply_errors(interaction, client.texts):
        job = await job_for(interaction, job_id)
        keep_if_refused(interaction, _form(interaction, job))
        check_permissions(interaction)
        options = read_form(interaction, _shown(admission), extension_options(admission, job))
        studio.orders.check(options)
        await run_order(
            interaction,
            lambda requester: studio.follow_ups.extend(job_id, requester, options),
            private=asks_private(options),
        )


def register(client: MutoscopeClient) -> None:
    """Handle the button and its submitted forms."""
    client.job_actions[ACTION] = show_form
    client.modals[ACTION] = submit
