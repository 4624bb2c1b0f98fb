"""What the page loads is its person's alone; nobody else is let in."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession

from bot.studio.options import Options
from bot.studio.orders.order_draft import Requester
from storage.domain.job import ReplyTarget
from tests.bot.studio.library.test_reuse import file_of
from tests.support.backend import png, until
from tests.support.clip_files import small_webp
from tests.support.examples import REQUEST
from tests.support.web.served_page import ServedPage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_pictures_and_clips_are_served_in_parts_and_refusals_in_words(
    served: ServedPage,
) -> None:
    studio = served.backend.studio
    web = Requester("web", "en", ReplyTarget("web"), 10**7)
    job = await studio.orders.submit(web, png(), Options("zoom in"))
    await until(served.backend.all_jobs_delivered)
    async with ClientSession(served.url) as session:
        clip = f"/mutoscope/clips/{job.id}.mp4"
        async with session.get(clip) as answer:
            whole = await answer.read()
        async with session.get(clip, headers={"Range": "bytes=4-7"}) as answer:
            assert (answer.status, await answer.read()) == (206, whole[4:8])
            assert answer.headers["Content-Range"] == f"bytes 4-7/{len(whole)}"
        async with session.get(clip, headers={"Range": "bytes=-3"}) as answer:
            assert await answer.read() == whole[-3:]
        async with session.get(clip, headers={"Range": f"bytes={len(whole)}-"}) as answer:
            assert answer.status == 416
        async with session.get(f"/mutoscope/sources/{job.id}") as answer:
            assert answer.content_type == "image/webp"
        async with session.post("/mutoscope/pictures", data=png()) as answer:
            told = await answer.json()
            assert (told["width"], told["height"]) == (320, 240)
        async with session.get(f"/mutoscope/pictures/{told['key']}") as answer:
            assert answer.status == 200
        request = (await studio.job(job.id)).request
        for data, settings in ((file_of(request), True), (small_webp(comment=b"note"), False)):
            async with session.post("/mutoscope/pictures", data=data) as answer:
                assert ("settings" in await answer.json()) is settings
        async with session.post("/mutoscope/pictures", data=b"no picture") as answer:
            assert (answer.status, (await answer.json())["error"][:11]) == (400, "That file i")
        async with session.get(f"/mutoscope/details/{job.id}") as answer:
            assert "<dd>zoom_in</dd>" in await answer.text()
        for path in ("clips/0.mp4", "thumbnails/0", "previews/0/1", "samples/x", "static/x"):
            async with session.get(f"/mutoscope/{path}") as answer:
                assert answer.status == 404, path


async def test_another_persons_clip_is_as_unknown_as_one_that_is_not_there(
    served: ServedPage,
) -> None:
    ada = Requester("web:ada", "en", ReplyTarget("web"), 10**7)
    job = await served.backend.studio.orders.submit(ada, png(), Options("zoom in"))
    await until(served.backend.all_jobs_delivered)
    async with ClientSession(served.url) as session:
        for path in (f"clips/{job.id}.mp4", f"details/{job.id}", f"sources/{job.id}"):
            async with session.get(f"/mutoscope/{path}") as answer:
                assert answer.status == 404
        async with session.get("/mutoscope/history") as answer:
            assert job.id not in await answer.text()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Host": "evil.example"}, 401),
        ("/mutoscope/orders", {"X-Forwarded-For": "9.9.9.9"}, 401),
        ("/gradio_api/info", {"Host": "evil.example"}, 401),
        ("/", {}, 200),
    ],
)
async def test_nobody_from_elsewhere_is_let_in(
    served: ServedPage, path: str, headers: dict[str, str], status: int
) -> None:
    async with ClientSession(served.url) as session, session.get(path, headers=headers) as answer:
        assert answer.status == status
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


async def test_another_site_can_order_and_read_nothing(served: ServedPage) -> None:
    async with ClientSession(served.url) as session:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            for method, path in (
                ("POST", "/gradio_api/run/predict"),
                ("OPTIONS", "/gradio_api/run/predict"),
                ("POST", "/mutoscope/account/forget"),
                ("GET", "/mutoscope/orders"),
            ):
                async with session.request(method, path, headers=headers) as answer:
                    assert answer.status == 403, (method, path, headers)


async def test_a_clips_file_names_the_order_whose_picture_it_lends(served: ServedPage) -> None:
    studio, blue = served.backend.studio, png(colour="blue")
    web = Requester("web", "en", ReplyTarget("web"), 10**7)
    job = await studio.orders.submit(web, png(), Options("zoom in"), blue)
    await until(served.backend.all_jobs_delivered)
    async with ClientSession(served.url) as session:
        for request, known in ((job.request, job.id), (REQUEST, "")):
            async with session.post("/mutoscope/pictures", data=file_of(request)) as answer:
                told = await answer.json()
            assert (told["settings"], told["job"]) == (True, known)
        for path in (f"sources/{job.id}", f"sources/{job.id}/last"):
            async with session.get(f"/mutoscope/{path}") as answer:
                assert answer.content_type == "image/webp"
        async with session.get(f"/mutoscope/details/{job.id}") as answer:
            details = await answer.text()
    assert "End with its picture" in details
    assert "End with its last picture" in details
