"""Uploads are kept for their owner alone, and only so many of them."""

import pytest

from bot.web import pictures
from bot.web.pictures import KEPT_SECONDS, MAX_KEPT, PictureUploads
from storage.domain.errors import BadPicture


async def test_an_upload_is_its_owners_alone() -> None:
    with PictureUploads() as uploads:
        key = await uploads.put("web:ada", b"one")
        assert await uploads.get("web:ada", key) == b"one"
        with pytest.raises(BadPicture, match="picture_gone"):
            await uploads.get("web:bob", key)


async def test_the_least_used_gives_way() -> None:
    with PictureUploads() as uploads:
        keys = [await uploads.put("web:ada", bytes([number])) for number in range(MAX_KEPT)]
        others = await uploads.put("web:bob", b"other")
        await uploads.get("web:ada", keys[0])
        await uploads.put("web:ada", b"new")
        assert await uploads.get("web:ada", keys[0]) == b"\0"
        assert await uploads.get("web:bob", others) == b"other"
        with pytest.raises(BadPicture):
            await uploads.get("web:ada", keys[1])


async def test_all_of_them_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 5)
    with PictureUploads() as uploads:
        first = await uploads.put("web:ada", b"abc")
        second = await uploads.put("web:bob", b"defg")
        assert await uploads.get("web:bob", second) == b"defg"
        with pytest.raises(BadPicture):
            await uploads.get("web:ada", first)


async def test_what_was_not_used_for_a_day_is_gone() -> None:
    now = [0.0]
    with PictureUploads(lambda: now[0]) as uploads:
        old, used = [await uploads.put("web:ada", data) for data in (b"old", b"used")]
        now[0] = KEPT_SECONDS - 1
        await uploads.expire()
        await uploads.get("web:ada", used)
        now[0] = KEPT_SECONDS + 1
        await uploads.expire()
        assert await uploads.get("web:ada", used) == b"used"
        with pytest.raises(BadPicture):
            await uploads.get("web:ada", old)
