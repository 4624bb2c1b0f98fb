"""An interaction is answered once, in a way that fits it."""

import pytest

from deploy.local.discord.member.client import MemberApiError, MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.state.guild import BOT, SAM, STUDIO
from tests.support.discord.raw_bot import RawBot


async def test_a_second_acknowledgement_is_refused(raw_bot: RawBot, member: MemberClient) -> None:
    interaction = await raw_bot.receive_command(member)
    assert (await raw_bot.answer(interaction, 5))[0] == 200
    status, answer = await raw_bot.answer(interaction, 4, {"content": "again"})
    assert (status, answer["code"]) == (400, 40060)


async def test_the_first_follow_up_fills_the_deferred_message(
    raw_bot: RawBot, member: MemberClient
) -> None:
    interaction = await raw_bot.receive_command(member)
    path = f"/webhooks/{BOT}/{interaction['token']}"
    status, answer = await raw_bot.request("POST", path, {"content": "too early"})
    assert (status, answer["code"]) == (404, 10015)
    _, response = await raw_bot.answer(interaction, 5)
    deferred = response["interaction"]["response_message_id"]
    assert (await member.message(deferred))["flags"] == 128
    _, filled = await raw_bot.request("POST", path, {"content": "here"})
    assert (filled["id"], filled["flags"]) == (deferred, 0)
    _, another = await raw_bot.request("POST", path, {"content": "and more"})
    assert another["id"] != deferred
    assert (await raw_bot.request("DELETE", f"{path}/messages/@original"))[0] == 204


async def test_only_one_member_sees_an_ephemeral_answer(
    raw_bot: RawBot, member: MemberClient
) -> None:
    _, message = await raw_bot.answer_command(member, {"content": "psst", "flags": 64})
    path = f"/channels/{STUDIO}/messages/{message['id']}"
    status, answer = await raw_bot.request("GET", path)
    assert (status, answer["code"]) == (404, 10008)
    assert [seen["content"] for seen in await member.messages()] == ["psst"]
    async with MemberClient(member.url, user_id=SAM) as sam:
        assert await sam.messages() == []
        with pytest.raises(MemberApiError):
            await sam.message(message["id"])


async def test_an_update_needs_a_message_and_a_modal_valid_fields(
    raw_bot: RawBot, member: MemberClient
) -> None:
    interaction = await raw_bot.receive_command(member)
    assert (await raw_bot.answer(interaction, 7, {"content": "x"}))[0] == 400
    modal = {"title": "T", "custom_id": "m", "components": []}
    assert (await raw_bot.answer(interaction, 9, modal))[0] == 400
    field = {"type": 4, "custom_id": "f", "style": 1, "max_length": 3, "value": "four"}
    labelled = {"type": 18, "label": "Field", "component": field}
    assert (await raw_bot.answer(interaction, 9, {**modal, "components": [labelled]}))[0] == 400
    labelled = {**labelled, "component": {**field, "value": "one"}}
    assert (await raw_bot.answer(interaction, 9, {**modal, "components": [labelled]}))[0] == 200
    with pytest.raises(MemberApiError, match="f: must be between 0 and 3"):
        await member.submit(interaction["id"], {"f": "too long"})


async def test_files_need_the_permission_to_attach(raw_bot: RawBot, member: MemberClient) -> None:
    deny = {"deny": int(Permission.ATTACH_FILES)}
    await member.call("PUT", f"/local/channels/{STUDIO}/overwrites/bot", deny)
    interaction = await raw_bot.receive_command(member)
    assert not int(interaction["app_permissions"]) & Permission.ATTACH_FILES
    path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
    body = {"type": 4, "data": {"content": "x"}}
    status, answer = await raw_bot.post(path, body, b"clip")
    assert (status, answer["code"]) == (403, 50013)
