"""The attachment of /animate that the clip arrives at."""

from __future__ import annotations

from hashlib import sha256

from tests.bot.discord_ui.commands.test_several_pictures import jobs_of, pictures, public
from tests.support.backend import png
from tests.support.discord.simulated_chat import Chat, ephemeral_texts, text_of

END = png(colour="yellow")
END_KEY = sha256(END).hexdigest()


async def test_all_clips_of_an_order_arrive_at_it(chat: Chat) -> None:
    async with chat.backend.running():
        await chat.animate(**pictures(2), end_picture=("SPOILER_end.png", END))
        card = await chat.wait_for_clip(2)
    jobs = await jobs_of(chat)
    assert [job.request.end_picture for job in jobs] == [END_KEY] * 2
    assert all(dict(job.request.extra)["spoiler"] == 1 for job in jobs)
    assert "🏁" in text_of(card)


async def test_a_refused_one_is_named_and_nothing_is_started(chat: Chat) -> None:
    wrong = await chat.animate(**pictures(2), end_picture=("end.png", b"no picture"))
    [reply] = ephemeral_texts(wrong)
    assert reply.startswith("⚠️ The end picture: That file is not a picture")
    assert public(chat) == []
    assert await chat.backend.jobs.pending.all() == []
