"""Every line of the logs of bot and worker is JSON, and the lines about a job name it."""

import json
from typing import Any

import pytest

from deploy.local.clip_messages import buttons_of
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.waiting import poll
from tests.e2e.members import (
    LONG,
    PATIENCE,
    PHOTOGRAPH,
    NewMembers,
    order,
    order_clip,
    wait_for_end,
    wait_for_progress,
)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


def messages(local_stack: LocalStack, name: str, job: str) -> list[str]:
    """Parse a process's log; return the messages about a job."""
    assert local_stack.logs is not None
    text = (local_stack.logs / f"{name}.log").read_text()
    assert "tulips" not in text
    records: list[dict[str, Any]] = [json.loads(line) for line in text.split("\n")[:-1]]
    assert [record for record in records if "job" not in record]
    assert all(record["message"] and record["logger"] and record["time"] for record in records)
    return [record["message"] for record in records if record.get("job") == job]


async def test_the_lines_of_a_job_can_be_selected(
    members: NewMembers, local_stack: LocalStack
) -> None:
    member = await members.join()
    clip = await order_clip(member, prompt="tulips")
    long = await order(member, PHOTOGRAPH.read_bytes(), "tulips", **LONG)
    button = buttons_of(await wait_for_progress(member, long))["cancel"]
    cancelled = button.partition(":")[2]
    await member.press(long, button)
    await wait_for_end(member, long)

    def has_ended() -> bool:
        return "attempt 1 has ended" in messages(
            local_stack, "worker", cancelled
        ) and "cancelled: edited" in messages(local_stack, "bot", cancelled)

    await poll(has_ended, PATIENCE, "bot and worker to log the end")
    assert messages(local_stack, "bot", clip.job) == ["ordered: queued", "done: edited"]
    assert messages(local_stack, "worker", clip.job) == [
        "attempt 1 begins",
        "attempt 1 has ended",
    ]
    assert messages(local_stack, "bot", cancelled)[0] == "ordered: queued"
