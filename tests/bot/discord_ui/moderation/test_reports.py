"""A report reaches the moderators where they want it, or its person is told that it cannot."""

from __future__ import annotations

from dataclasses import replace

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord import Json
from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import ADA, GALLERY, GUILD, LIN, NO_BOTS, SAM, STUDIO
from storage.domain.trust.policy import Ban, ServerPolicy
from tests.bot.discord_ui.moderation.test_moderators import job_at, log, moderator_role, told
from tests.support.discord.local_chat import LocalChat

MENU = "Report this clip"


async def made(chat: LocalChat) -> str:
    """Let Ada have a clip; return its message."""
    message = await chat.order()
    await chat.deliver()
    return message


async def report(member: MemberClient, message: str, reason: str = "") -> str:
    """Report the clip of a message by its menu; return what the reporter is told."""
    form = await member.message_command(MENU, message)
    assert form["kind"] == "modal", form
    answer = await member.submit(form["interaction"], {"reason": reason})
    found = await member.wait_for_message(answer["message"], lambda one: one["content"])
    return str(found["content"])


async def reports_go_to(chat: LocalChat, channel: str) -> None:
    policy = ServerPolicy(reports=channel)
    await chat.backend.studio.policies.change(GUILD, ADA, lambda _: policy)


async def reported(chat: LocalChat) -> Json:
    """Return the message in the moderators' channel."""
    [found] = await chat.posted(GALLERY)
    return found


async def test_moderators_are_told_with_link_reason_and_buttons(
    chat: LocalChat, sam: MemberClient
) -> None:
    await reports_go_to(chat, GALLERY)
    message = await made(chat)
    assert "moderators have been told" in await report(sam, message, "it is  *rude*")
    found = await reported(chat)
    assert found["content"] == f"🚩 <@{SAM}> has reported a clip."
    [embed] = found["embeds"]
    values = [field["value"] for field in embed["fields"]]
    link = f"https://discord.com/channels/{GUILD}/{STUDIO}/{message}"
    assert values == [link, f"<@{ADA}>", r"it is \*rude\*"]
    assert embed["description"] == "waves, zoom in"
    assert [one["custom_id"].split(":")[1] for one in found["components"][0]["components"]] == [
        "delete",
        "ban",
        "dismiss",
    ]
    assert found["mentions"] == []
    assert "reported this clip already" in await report(sam, message)
    assert [one[:2] for one in await log(chat)] == [(SAM, "report"), (ADA, "settings")]
    assert chat.refusals() == []


async def test_a_report_and_a_copy_go_with_the_person_who_is_forgotten(
    chat: LocalChat, sam: MemberClient
) -> None:
    await reports_go_to(chat, GALLERY)
    message = await made(chat)
    await report(sam, message)
    told_moderators = await reported(chat)
    fetched = await chat.fetch_from_clips()
    posted = await chat.ada.press(fetched["id"], buttons_of(fetched)["show"])
    await chat.ada.wait_for_message(posted["message"], clip_of)
    await chat.backend.studio.privacy.erasing.forget(ADA)
    for one in (told_moderators["id"], posted["message"], message):
        await chat.ada.wait_until_deleted(one)


async def test_the_button_under_details_reports_too(chat: LocalChat, sam: MemberClient) -> None:
    await reports_go_to(chat, GALLERY)
    message = await made(chat)
    details = await sam.press(message, buttons_of(await sam.message(message))["details"])
    shown = await sam.message(details["message"])
    form = await sam.press(shown["id"], buttons_of(shown)["report"])
    await sam.submit(form["interaction"], {})
    await told(sam, "moderators have been told")
    assert len(await chat.posted(GALLERY)) == 1
    own = await chat.ada.press(message, buttons_of(await chat.ada.message(message))["details"])
    assert "report" not in buttons_of(await chat.ada.message(own["message"]))


async def test_without_a_channel_that_works_the_reporter_is_told_honestly(
    chat: LocalChat, sam: MemberClient
) -> None:
    message = await made(chat)
    assert "named no channel for reports" in await report(sam, message)
    job = await job_at(chat, message)
    assert (SAM, "report", job.id) in await log(chat)
    await reports_go_to(chat, NO_BOTS)
    await chat.order(prompt="pan left")
    await chat.deliver(2)
    second = (await chat.clips())[-1]["id"]
    assert "may not write there" in await report(sam, second)


async def test_a_person_reports_a_few_clips_an_hour(chat: LocalChat, sam: MemberClient) -> None:
    for number in range(5):
        await chat.backend.studio.audit.report(GUILD, SAM, f"job{number}", "")
    assert "reported 5 clips within an hour" in await report(sam, await made(chat))


async def test_a_report_is_acted_on_by_moderators_alone(chat: LocalChat, sam: MemberClient) -> None:
    await reports_go_to(chat, GALLERY)
    chat.ada.user_id = LIN
    message = await made(chat)
    chat.ada.user_id = ADA
    await report(sam, message)
    found = await reported(chat)
    buttons = {one["custom_id"].split(":")[1]: one["custom_id"]
               for one in found["components"][0]["components"]}  # fmt: skip
    await sam.press(found["id"], buttons["delete"])
    await told(sam, "Only the moderators", GALLERY)
    await moderator_role(chat)
    await sam.press(found["id"], buttons["ban"])
    await told(sam, "Only people who may manage the server or time members out", GALLERY)
    fields = {"name": "timers", "permissions": int(Permission.MANAGE_MESSAGES) | 1 << 40}
    role = (await chat.ada.call("POST", "/local/guilds/main/roles", fields))["id"]
    await chat.change(f"members/{SAM}", roles=[role])
    await sam.press(found["id"], buttons["ban"])
    banned = await chat.ada.wait_for_message(
        found["id"], lambda one: "has banned the author" in one["content"]
    )
    policy = await chat.backend.studio.policies.of(GUILD)
    assert [(one.person, one.by) for one in policy.bans] == [(LIN, SAM)]
    assert [part["custom_id"].split(":")[1] for part in banned["components"][0]["components"]] == [
        "delete",
        "dismiss",
    ]
    await sam.press(found["id"], buttons["delete"])
    await chat.ada.wait_until_deleted(message)
    closed = await chat.ada.wait_for_message(found["id"], lambda one: not one["components"])
    assert f"<@{SAM}> has deleted the clip" in closed["content"]


async def test_a_report_bans_neither_twice_nor_who_manages_the_server(
    chat: LocalChat, sam: MemberClient
) -> None:
    await reports_go_to(chat, GALLERY)
    message = await made(chat)  # by Ada, who owns the server
    await report(sam, message)
    found = await reported(chat)
    fields = {"name": "timers", "permissions": int(Permission.MANAGE_MESSAGES) | 1 << 40}
    role = (await chat.ada.call("POST", "/local/guilds/main/roles", fields))["id"]
    await chat.change(f"members/{SAM}", roles=[role])
    ban = found["components"][0]["components"][1]["custom_id"]
    await sam.press(found["id"], ban)
    await told(sam, "This person manages the server", GALLERY)
    policies = chat.backend.studio.policies
    assert (await policies.of(GUILD)).bans == ()
    chat.ada.user_id = LIN
    await chat.order(prompt="pan left")
    await chat.deliver(2)
    await report(sam, (await chat.clips())[-1]["id"])
    known = Ban(LIN, by=ADA, at=1.0, reason="spam")
    await policies.change(GUILD, ADA, lambda policy: replace(policy, bans=(known,)))
    found = (await chat.posted(GALLERY))[-1]
    await sam.press(found["id"], found["components"][0]["components"][1]["custom_id"])
    sam.channel = GALLERY
    await sam.wait_for_message(found["id"], lambda one: "has banned" in one["content"])
    assert (await policies.of(GUILD)).bans == (known,)


async def test_a_report_is_dismissed_or_is_about_a_clip_that_is_gone(
    chat: LocalChat, sam: MemberClient
) -> None:
    await reports_go_to(chat, GALLERY)
    message = await made(chat)
    job = await job_at(chat, message)
    await report(sam, message)
    found = await reported(chat)
    chat.ada.channel = GALLERY
    [row] = found["components"]
    dismiss = row["components"][2]["custom_id"]
    assert dismiss == f"reported:dismiss:{job.id}"
    await sam.press(found["id"], dismiss)
    await told(sam, "Only the moderators", GALLERY)
    await chat.backend.jobs.move(job, replace(job.reply_to, guild="5"))
    await chat.ada.press(found["id"], dismiss)
    await chat.ada.wait_for_message(found["id"], lambda one: "dismissed" in one["content"])
    assert (ADA, "dismiss_report", job.id) in await log(chat)


async def test_of_a_clip_from_elsewhere_the_reported_message_alone_is_deleted(
    chat: LocalChat, sam: MemberClient
) -> None:
    await reports_go_to(chat, GALLERY)
    message = await made(chat)
    job = await job_at(chat, message)
    await report(sam, message)
    found = await reported(chat)
    await chat.backend.jobs.move(job, replace(job.reply_to, guild="5"))
    delete = found["components"][0]["components"][0]["custom_id"]
    role = await moderator_role(chat)
    path = f"/local/channels/{STUDIO}/overwrites/{role}"
    await chat.ada.call("PUT", path, {"deny": int(Permission.MANAGE_MESSAGES)})
    await sam.press(found["id"], delete)
    await told(sam, "Only the moderators", GALLERY)
    await chat.ada.call("PUT", path, {"deny": 0})
    await sam.press(found["id"], delete)
    await chat.ada.wait_until_deleted(message)
    sam.channel = GALLERY
    await sam.wait_for_message(found["id"], lambda one: "deleted the message" in one["content"])
    assert (await chat.backend.studio.job(job.id)).clip is not None
    assert (SAM, "delete_message", job.id) in await log(chat)
