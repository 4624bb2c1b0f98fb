"""Discord's rules for interactions: one answer, in time, of a kind that fits."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.local.discord.member.client import Member, MemberError
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT, SAM, STUDIO
from tests.deploy.local.discord.wire import ANIMATE, Json, Wire

WISH: Json = {"type": "command", "channel": STUDIO, "name": "animate", "options": {"prompt": "x"}}


@pytest_asyncio.fixture
async def wire(server: LocalDiscord) -> AsyncIterator[Wire]:
    async with Wire(server) as connected:
        await connected.identify()
        await connected.register(ANIMATE)
        yield connected


async def start(wire: Wire, member: Member, wish: Json = WISH) -> Json:
    """Have the member act, and give the interaction that the bot hears of."""
    await member.call("POST", "/local/interactions", {**wish, "member": member.person})
    return await wire.event("INTERACTION_CREATE")


async def posted(wire: Wire, member: Member, data: Json) -> tuple[Json, Json]:
    """An answered command: the interaction and its message."""
    interaction = await start(wire, member)
    _, described = await wire.answer(interaction, 4, data)
    return interaction, described["resource"]["message"]


async def test_an_interaction_tells_what_the_bot_needs(wire: Wire, member: Member) -> None:
    body = await start(wire, member)
    assert body["attachment_size_limit"] == 10 * 1024 * 1024
    assert int(body["app_permissions"]) & Permission.ATTACH_FILES
    assert (body["locale"], body["context"], body["channel"]["id"]) == ("en-US", 0, STUDIO)
    assert body["data"]["options"] == [{"name": "prompt", "type": 3, "value": "x"}]


async def test_three_seconds_without_an_answer_are_too_many(
    server: LocalDiscord, wire: Wire, member: Member
) -> None:
    interaction = await start(wire, member)
    server.clock.advance(3.1)
    status, answer = await wire.answer(interaction, 4, {"content": "late"})
    assert (status, answer["code"]) == (404, 10062)
    told = await member.call("GET", f"/local/interactions/{interaction['id']}")
    assert told["kind"] == "failed"


async def test_a_second_acknowledgement_is_refused(wire: Wire, member: Member) -> None:
    interaction = await start(wire, member)
    assert (await wire.answer(interaction, 5))[0] == 200
    status, answer = await wire.answer(interaction, 4, {"content": "again"})
    assert (status, answer["code"]) == (400, 40060)


async def test_a_wrong_token_is_an_unknown_interaction(wire: Wire, member: Member) -> None:
    interaction = await start(wire, member)
    status, answer = await wire.answer({**interaction, "token": "guess"}, 5)
    assert (status, answer["code"]) == (404, 10062)


async def test_the_token_dies_after_fifteen_minutes(
    server: LocalDiscord, wire: Wire, member: Member
) -> None:
    interaction, message = await posted(wire, member, {"content": "yes"})
    path = f"/webhooks/{BOT}/{interaction['token']}/messages"
    assert (await wire.ask("PATCH", f"{path}/@original", {"content": "still"}))[0] == 200
    assert (await wire.ask("GET", f"{path}/{message['id']}"))[1]["content"] == "still"
    server.clock.advance(901)
    status, answer = await wire.ask("PATCH", f"{path}/@original", {"content": "late"})
    assert (status, answer["code"]) == (401, 50027)


async def test_the_first_follow_up_fills_the_promised_message(wire: Wire, member: Member) -> None:
    interaction = await start(wire, member)
    path = f"/webhooks/{BOT}/{interaction['token']}"
    status, answer = await wire.ask("POST", path, {"content": "too early"})
    assert (status, answer["code"]) == (404, 10015)
    _, described = await wire.answer(interaction, 5)
    promised = described["interaction"]["response_message_id"]
    assert (await member.message(promised))["flags"] == 128
    _, filled = await wire.ask("POST", path, {"content": "here"})
    assert (filled["id"], filled["flags"]) == (promised, 0)
    _, another = await wire.ask("POST", path, {"content": "and more"})
    assert another["id"] != promised
    assert (await wire.ask("DELETE", f"{path}/messages/@original"))[0] == 204


async def test_an_ephemeral_answer_is_seen_by_one_alone(wire: Wire, member: Member) -> None:
    _, message = await posted(wire, member, {"content": "psst", "flags": 64})
    status, answer = await wire.ask("GET", f"/channels/{STUDIO}/messages/{message['id']}")
    assert (status, answer["code"]) == (404, 10008)
    assert [seen["content"] for seen in await member.messages()] == ["psst"]
    async with Member(member.url, person=SAM) as sam:
        assert await sam.messages() == []
        with pytest.raises(MemberError):
            await sam.message(message["id"])


async def test_updates_and_modals_need_their_place(wire: Wire, member: Member) -> None:
    interaction = await start(wire, member)
    assert (await wire.answer(interaction, 7, {"content": "x"}))[0] == 400
    modal = {"title": "T", "custom_id": "m", "components": []}
    assert (await wire.answer(interaction, 9, modal))[0] == 400
    field = {"type": 4, "custom_id": "f", "style": 1, "max_length": 3, "value": "four"}
    labelled = {"type": 18, "label": "Field", "component": field}
    assert (await wire.answer(interaction, 9, {**modal, "components": [labelled]}))[0] == 400
    labelled = {**labelled, "component": {**field, "value": "one"}}
    assert (await wire.answer(interaction, 9, {**modal, "components": [labelled]}))[0] == 200
    with pytest.raises(MemberError, match="f: must be between 0 and 3"):
        await member.submit(interaction["id"], {"f": "too long"})


async def test_only_what_is_there_and_enabled_can_be_pressed(wire: Wire, member: Member) -> None:
    off = {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": True}
    rows = [{"type": 1, "components": [off]}]
    _, message = await posted(wire, member, {"content": "x", "components": rows})
    for name in ("off", "none"):
        with pytest.raises(MemberError, match="nothing to press"):
            await member.press(message["id"], name)


async def test_files_need_the_permission_to_attach(wire: Wire, member: Member) -> None:
    deny = {"deny": int(Permission.ATTACH_FILES)}
    await member.call("PUT", f"/local/channels/{STUDIO}/overwrites/bot", deny)
    interaction = await start(wire, member)
    assert not int(interaction["app_permissions"]) & Permission.ATTACH_FILES
    path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
    status, answer = await wire.post(path, {"type": 4, "data": {"content": "x"}}, b"clip")
    assert (status, answer["code"]) == (403, 50013)


async def test_commands_show_where_and_to_whom_they_are_meant(wire: Wire, member: Member) -> None:
    admin = {**ANIMATE, "name": "report", "default_member_permissions": "32"}
    private = {**ANIMATE, "name": "whisper", "contexts": [1]}
    await wire.register(ANIMATE, admin, private)
    assert [entry["name"] for entry in await member.commands()] == ["animate", "report"]
    async with Member(member.url, person=SAM) as sam:
        assert [entry["name"] for entry in await sam.commands()] == ["animate"]
        with pytest.raises(MemberError, match="Unknown application command"):
            await sam.command("report", prompt="x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Animate"},
        {"description": ""},
        {"description": "x" * 101},
        {"options": [{"name": "a", "description": "b", "type": 3} for _ in range(26)]},
        {
            "options": [
                {"name": "a", "description": "b", "type": 3},
                {"name": "c", "description": "d", "type": 3, "required": True},
            ]
        },
    ],
)
async def test_a_command_that_breaks_a_rule_is_not_registered(wire: Wire, wrong: Json) -> None:
    path = f"/applications/{BOT}/commands"
    status, answer = await wire.ask("PUT", path, [{**ANIMATE, **wrong}])
    assert (status, answer["code"]) == (400, 50035)


async def test_a_command_keeps_its_id_over_a_sync(wire: Wire) -> None:
    path = f"/applications/{BOT}/commands"
    _, before = await wire.ask("GET", path)
    await wire.register(ANIMATE)
    _, after = await wire.ask("GET", path)
    assert before[0]["id"] == after[0]["id"]
