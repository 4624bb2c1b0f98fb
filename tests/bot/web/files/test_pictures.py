"""Uploads are kept for their owner alone, and for as long as they are of use."""

import time
from dataclasses import replace

import pytest

from bot.web.files.pictures import LIMITS, PictureUploads
from storage.domain.errors import BadPicture
from storage.domain.picture import PictureFacts

FACTS = PictureFacts("PNG", 4, 3, animated=False, brightness=0.5, contrast=0.5)
ADA = "web:ada"


async def test_an_upload_is_its_owners_alone() -> None:
    with PictureUploads() as uploads:
        key = await uploads.put(ADA, b"one")
        assert await uploads.get(ADA, key) == b"one"
        with pytest.raises(BadPicture, match="picture_gone"):
            await uploads.get("web:bob", key)


async def test_what_is_released_gives_way_and_nothing_of_it_is_known() -> None:
    with PictureUploads(replace(LIMITS, files=2)) as uploads:
        first, second = [await uploads.put(ADA, data, FACTS) for data in (b"1", b"2")]
        with pytest.raises(BadPicture, match="page_uploads_full"):
            await uploads.put(ADA, b"3")
        uploads.release(ADA, [second])
        assert await uploads.get(ADA, second) == b"2"
        third = await uploads.put(ADA, b"3")
        assert await uploads.get(ADA, first) == b"1"
        assert (uploads.facts(ADA, first), uploads.facts(ADA, second)) == (FACTS, None)
        await uploads.forget_all(ADA, time.time())
        for key in (first, third):
            with pytest.raises(BadPicture, match="picture_gone"):
                await uploads.get(ADA, key)
        assert uploads.facts(ADA, first) is None


async def test_what_was_not_used_for_a_day_is_gone() -> None:
    now = [0.0]
    with PictureUploads(clock=lambda: now[0]) as uploads:
        old, used = [await uploads.put(ADA, data) for data in (b"old", b"used")]
        now[0] = LIMITS.life - 1
        await uploads.expire()
        await uploads.get(ADA, used)
        now[0] = LIMITS.life + 1
        await uploads.expire()
        assert await uploads.get(ADA, used) == b"used"
        with pytest.raises(BadPicture):
            await uploads.get(ADA, old)
