"""Messages: nonces, attachments over several edits, and what Discord refuses."""

from deploy.local.discord.member.client import MemberClient
from deploy.local.discord.rules.permissions import Permission
from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import BOT, STUDIO
from tests.support.discord.raw_bot import RawBot

MESSAGES = f"/channels/{STUDIO}/messages"


async def test_an_enforced_nonce_returns_the_same_message_for_a_while(server: LocalDiscord) -> None:
    body = {"content": "done", "nonce": "job-1", "enforce_nonce": True}
    async with RawBot(server) as bot:
        _, first = await bot.request("POST", MESSAGES, body)
        _, second = await bot.request("POST", MESSAGES, body)
        server.clock.advance(600)
        _, late = await bot.request("POST", MESSAGES, body)
        _, other = await bot.request("POST", MESSAGES, {**body, "enforce_nonce": False})
    assert first["id"] == second["id"]
    assert len({first["id"], late["id"], other["id"]}) == 3


async def test_attachments_are_kept_added_and_dropped_by_an_edit(server: LocalDiscord) -> None:
    async with RawBot(server) as bot:
        _, message = await bot.post(MESSAGES, {"content": "two"}, b"a", b"b")
        kept = message["attachments"][1]["id"]
        edit = {"attachments": [{"id": kept}]}
        _, message = await bot.request("PATCH", f"{MESSAGES}/{message['id']}", edit)
        assert [entry["id"] for entry in message["attachments"]] == [kept]
        _, message = await bot.request("PATCH", f"{MESSAGES}/{message['id']}", {"content": "one"})
        assert [entry["id"] for entry in message["attachments"]] == [kept]
        assert message["edited_timestamp"]


async def test_a_file_that_the_embed_shows_is_listed_again_without_the_embed(
    server: LocalDiscord,
) -> None:
    async with RawBot(server) as bot:
        shown = [{"image": {"url": "attachment://clip0.mp4"}}]
        _, message = await bot.post(MESSAGES, {"content": "0 %", "embeds": shown}, b"a")
        assert message["attachments"] == []
        url = message["embeds"][0]["image"]["url"]
        where = f"{MESSAGES}/{message['id']}"
        _, message = await bot.request("PATCH", where, {"content": "50 %"})
        assert (message["attachments"], message["embeds"][0]["image"]["url"]) == ([], url)
        _, message = await bot.request("PATCH", where, {"embeds": []})
        assert [entry["url"] for entry in message["attachments"]] == [url]


async def test_automod_blocks_posts_edits_and_answers(
    server: LocalDiscord, raw_bot: RawBot, member: MemberClient
) -> None:
    await member.call("PATCH", "/local/guilds/main", {"automod_words": ["Blood"]})
    _, message = await raw_bot.request("POST", MESSAGES, {"content": "0 %"})
    interaction = await raw_bot.receive_command(member)
    await raw_bot.answer(interaction, 5)
    original = f"/webhooks/{BOT}/{interaction['token']}/messages/@original"
    for method, path, body in (
        ("POST", MESSAGES, {"content": "a bloody moon"}),
        ("PATCH", f"{MESSAGES}/{message['id']}", {"content": "blood"}),
        ("PATCH", original, {"embeds": [{"description": "BLOOD"}]}),
    ):
        status, answer = await raw_bot.request(method, path, body)
        assert (status, answer["code"]) == (400, 200000)
    assert (await raw_bot.request("PATCH", original, {"content": "a moon"}))[0] == 200


async def test_a_message_of_more_than_an_hour_takes_few_edits(
    server: LocalDiscord, member: MemberClient
) -> None:
    await member.call("PATCH", "/local/world", {"old_message_edits": 2})
    async with RawBot(server) as bot:
        _, message = await bot.request("POST", MESSAGES, {"content": "0 %"})
        path = f"{MESSAGES}/{message['id']}"
        for _ in range(3):
            assert (await bot.request("PATCH", path, {"content": "young"}))[0] == 200
        server.clock.advance(3601)
        for _ in range(2):
            assert (await bot.request("PATCH", path, {"content": "old"}))[0] == 200
        status, answer = await bot.request("PATCH", path, {"content": "old"})
        assert (status, answer["code"], answer["retry_after"]) == (429, 30046, 5.0)
        server.clock.advance(3601)
        assert (await bot.request("PATCH", path, {"content": "later"}))[0] == 200


async def test_a_reply_needs_read_message_history(
    server: LocalDiscord, member: MemberClient
) -> None:
    posted = await member.post("hello")
    deny = {"deny": int(Permission.READ_MESSAGE_HISTORY)}
    await member.call("PUT", f"/local/channels/{STUDIO}/overwrites/bot", deny)
    reply = {"content": "ready", "message_reference": {"message_id": posted["id"]}}
    async with RawBot(server) as bot:
        status, answer = await bot.request("POST", MESSAGES, reply)
        assert (status, answer["code"]) == (400, 160002)
        status, answer = await bot.request("PUT", f"{MESSAGES}/{posted['id']}/reactions/👍/@me")
        assert (status, answer["code"]) == (403, 50013)
        assert await bot.request("GET", MESSAGES) == (200, [])


async def test_a_forward_and_a_link_carry_their_pictures_elsewhere(member: MemberClient) -> None:
    picture = await member.upload("cat.png", b"cat")
    forwarded = await member.post("", forward=(await member.post("look", picture))["id"])
    assert forwarded["attachments"] == []
    [snapshot] = forwarded["message_snapshots"]
    assert await member.download(snapshot["message"]["attachments"][0]) == b"cat"
    linked = await member.post("https://example.org/cat.png", preview=picture)
    thumbnail = linked["embeds"][0]["thumbnail"]
    assert thumbnail["url"] == "https://example.org/cat.png"
    assert await member.download({"url": thumbnail["proxy_url"]}) == b"cat"
