"""Discord's rules for messages, permissions and files."""

from typing import Any

import pytest

from deploy.local.discord.member.client import Member, MemberError
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import ADA, BOT, GUILD, SILENT, STUDIO
from tests.deploy.local.discord.wire import Json, Wire

MESSAGES = f"/channels/{STUDIO}/messages"


def button(custom_id: str) -> Json:
    return {"type": 2, "style": 1, "label": "Press", "custom_id": custom_id}


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


def code_at(body: Json, path: str) -> str:
    """The code of the error at a path such as `embeds.0.title`."""
    found: Any = body["errors"]
    for part in path.split("."):
        found = found[part]
    return str(found["_errors"][0]["code"])


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        (
            {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
            "embeds",
            "MAX_EMBED_SIZE_EXCEEDED",
        ),
        (
            {"content": "x", "components": [row(button("a"), button("a"))]},
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        (
            {"content": "x", "components": [row(*(button(str(n)) for n in range(6)))]},
            "components.0.components",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"content": "x", "components": [row({"type": 2, "style": 5, "label": "Go"})]},
            "components.0.components.0.url",
            "BASE_TYPE_REQUIRED",
        ),
        (
            {"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "y"}]},
            "content",
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        (
            {"flags": 1 << 15, "components": [{"type": 10, "content": "y" * 4001}]},
            "components",
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
        ),
        (
            {"embeds": [{"image": {"url": "attachment://none.png"}}]},
            "embeds",
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
        ),
    ],
)
async def test_a_message_that_breaks_a_rule_is_refused_where_it_does(
    server: LocalDiscord, body: Json, path: str, code: str
) -> None:
    async with Wire(server) as wire:
        status, answer = await wire.ask("POST", MESSAGES, body)
    assert (status, answer["code"]) == (400, 50035)
    assert code_at(answer, path) == code


async def test_an_empty_message_is_refused(server: LocalDiscord) -> None:
    async with Wire(server) as wire:
        status, answer = await wire.ask("POST", MESSAGES, {"content": "  "})
    assert (status, answer["code"]) == (400, 50006)


async def test_an_enforced_nonce_gives_the_same_message_for_a_while(server: LocalDiscord) -> None:
    body = {"content": "done", "nonce": "job-1", "enforce_nonce": True}
    async with Wire(server) as wire:
        _, first = await wire.ask("POST", MESSAGES, body)
        _, second = await wire.ask("POST", MESSAGES, body)
        server.clock.advance(600)
        _, late = await wire.ask("POST", MESSAGES, body)
        _, other = await wire.ask("POST", MESSAGES, {**body, "enforce_nonce": False})
    assert first["id"] == second["id"]
    assert len({first["id"], late["id"], other["id"]}) == 3


async def test_a_file_over_the_limit_of_this_guild_is_refused(
    server: LocalDiscord, member: Member
) -> None:
    heavy = bytes(10 * 1024 * 1024 + 1)
    async with Wire(server) as wire:
        status, answer = await wire.post(MESSAGES, {}, heavy)
        assert (status, answer["code"]) == (413, 40005)
        await member.call("PATCH", "/local/guild", {"premium_tier": 2})
        status, answer = await wire.post(MESSAGES, {}, heavy)
        assert (status, answer["attachments"][0]["size"]) == (200, len(heavy))


async def test_attachments_are_kept_added_and_dropped_by_an_edit(server: LocalDiscord) -> None:
    async with Wire(server) as wire:
        _, message = await wire.post(MESSAGES, {"content": "two"}, b"a", b"b")
        kept = message["attachments"][1]["id"]
        edit = {"attachments": [{"id": kept}]}
        _, message = await wire.ask("PATCH", f"{MESSAGES}/{message['id']}", edit)
        assert [entry["id"] for entry in message["attachments"]] == [kept]
        _, message = await wire.ask("PATCH", f"{MESSAGES}/{message['id']}", {"content": "one"})
        assert [entry["id"] for entry in message["attachments"]] == [kept]
        assert message["edited_timestamp"]


async def test_a_file_that_the_embed_shows_is_listed_again_once_the_embed_lets_go_of_it(
    server: LocalDiscord,
) -> None:
    async with Wire(server) as wire:
        shown = [{"image": {"url": "attachment://clip0.mp4"}}]
        _, message = await wire.post(MESSAGES, {"content": "0 %", "embeds": shown}, b"a")
        assert message["attachments"] == []
        url = message["embeds"][0]["image"]["url"]
        where = f"{MESSAGES}/{message['id']}"
        _, message = await wire.ask("PATCH", where, {"content": "50 %"})
        assert (message["attachments"], message["embeds"][0]["image"]["url"]) == ([], url)
        _, message = await wire.ask("PATCH", where, {"embeds": []})
        assert [entry["url"] for entry in message["attachments"]] == [url]


async def test_a_part_of_a_clip_can_be_asked_for(server: LocalDiscord) -> None:
    async with Wire(server) as wire:
        _, message = await wire.post(MESSAGES, {}, b"0123456789")
        url = message["attachments"][0]["url"]
        async with wire.session.get(url, headers={"Range": "bytes=2-4"}) as answer:
            assert (answer.status, await answer.read()) == (206, b"234")
            assert answer.headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize(
    ("denied", "body", "files", "code"),
    [
        (Permission.VIEW_CHANNEL, {"content": "x"}, [], 50001),
        (Permission.SEND_MESSAGES, {"content": "x"}, [], 50013),
        (Permission.ATTACH_FILES, {"content": "x"}, [b"x"], 50013),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "x"}]}, [], 50013),
    ],
)
async def test_a_missing_permission_is_an_error(  # noqa: PLR0917  # fixtures and cases
    server: LocalDiscord,
    member: Member,
    denied: Permission,
    body: Json,
    files: list[bytes],
    code: int,
) -> None:
    path = f"/local/channels/{STUDIO}/overwrites/bot"
    await member.call("PUT", path, {"deny": int(denied)})
    async with Wire(server) as wire:
        status, answer = await wire.post(MESSAGES, body, *files)
        assert (status, answer["code"]) == (403, code)
        await member.call("DELETE", path)
        assert (await wire.post(MESSAGES, body, *files))[0] == 200


async def test_strangers_and_unknown_things_are_told_so(server: LocalDiscord) -> None:
    async with Wire(server, token="wrong") as stranger:
        assert await stranger.ask("GET", "/users/@me") == (
            401,
            {"message": "401: Unauthorized", "code": 0},
        )
    async with Wire(server) as wire:
        for path, code in (
            ("/channels/1", 10003),
            (f"{MESSAGES}/1", 10008),
            ("/users/1", 10013),
            (f"/guilds/{GUILD}/members/1", 10007),
            ("/guilds/1", 10004),
            ("/nowhere", 0),
        ):
            status, answer = await wire.ask("GET", path)
            assert (status, answer["code"]) == (404, code)
        status, answer = await wire.ask("POST", f"/channels/{SILENT}/messages", {"content": "x"})
        assert (status, answer["code"]) == (403, 50013)


async def test_another_persons_message_can_be_read_but_not_changed(
    server: LocalDiscord, member: Member
) -> None:
    said = await member.say("secret")
    async with Wire(server) as wire:
        _, seen = await wire.ask("GET", f"{MESSAGES}/{said['id']}")
        assert (seen["content"], seen["author"]["id"]) == ("", ADA)
        status, answer = await wire.ask("PATCH", f"{MESSAGES}/{said['id']}", {"content": "no"})
        assert (status, answer["code"]) == (403, 50005)


async def test_a_member_who_takes_no_direct_messages_gets_none(
    server: LocalDiscord, member: Member
) -> None:
    async with Wire(server) as wire:
        _, channel = await wire.ask("POST", "/users/@me/channels", {"recipient_id": ADA})
        path = f"/channels/{channel['id']}/messages"
        assert (await wire.ask("POST", path, {"content": "hello"}))[0] == 200
        await member.call("PATCH", f"/local/members/{ADA}", {"takes_direct": False})
        status, answer = await wire.ask("POST", path, {"content": "hello"})
    assert (status, answer["code"]) == (403, 50007)


async def test_a_member_may_not_write_where_they_may_not(member: Member) -> None:
    sam = (await member.call("POST", "/local/members", {"name": "Kim"}))["user"]["id"]
    deny = {"deny": int(Permission.SEND_MESSAGES)}
    await member.call("PUT", f"/local/channels/{STUDIO}/overwrites/{sam}", deny)
    async with Member(member.url, person=sam) as quiet:
        with pytest.raises(MemberError, match="Missing Permissions"):
            await quiet.say("hello")


async def test_faults_can_be_had_on_demand(server: LocalDiscord, member: Member) -> None:
    fault = {"method": "POST", "path": "/messages$", "status": 413, "times": 1}
    await member.call("POST", "/local/faults", fault)
    async with Wire(server) as wire:
        assert (await wire.ask("POST", MESSAGES, {"content": "x"}))[0] == 413
        assert (await wire.ask("POST", MESSAGES, {"content": "x"}))[0] == 200
        assert (await wire.ask("GET", MESSAGES))[1][0]["author"]["id"] == BOT
