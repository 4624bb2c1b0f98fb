"""A clip is made with the database in PostgreSQL and the pictures in S3."""

from pathlib import Path

import pytest

from deploy.local.clip_facts import measure
from deploy.local.clip_messages import buttons_of
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.waiting import poll
from storage.blobs import Blobs
from storage.catalogue_file import load_catalogue
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.job import Status
from tests.e2e.members import PATIENCE, PHOTOGRAPH, order_clip
from tests.e2e.stacks import FAKE, running_stack

pytestmark = pytest.mark.timeout(600)


async def test_a_clip_comes_from_postgresql_and_s3(
    tmp_path: Path, postgres_url: str, s3_url: str, s3_settings: dict[str, str]
) -> None:
    settings = {"DATABASE_URL": postgres_url, "BLOB_URL": s3_url, **s3_settings, **FAKE}
    async with running_stack(tmp_path, **settings) as stack, MemberClient(stack.page) as member:
        clip = await order_clip(member)
        assert "delete" in buttons_of(clip.message)
        engine = await open_database(postgres_url)
        jobs = Jobs(engine, load_catalogue())

        async def delivered() -> bool:
            return bool((await jobs.get(clip.job)).delivered)

        await poll(delivered, PATIENCE, "the delivery's record")
    job = await jobs.get(clip.job)
    await engine.dispose()
    assert measure(clip.save(tmp_path), PHOTOGRAPH.read_bytes()).frames >= 8
    assert job.status is Status.DONE
    assert job.clip is not None
    assert await Blobs.open(s3_url).get(job.clip.blob) == clip.data
