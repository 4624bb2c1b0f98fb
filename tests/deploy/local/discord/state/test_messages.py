"""Messages: nonces, and attachments over several edits."""

from deploy.local.discord.server import LocalDiscord
from deploy.local.discord.state.guild import STUDIO
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
