"""Every line is text or JSON, and names its job."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from storage.logs import redacted

SCRIPT = """
import asyncio, logging, sys, threading, warnings
from storage.logs import log_job, relay, set_up_logging

set_up_logging(sys.argv[1], sys.argv[2])
log = logging.getLogger("library")
log.info("before")

async def work(job):
    with log_job(job):
        await asyncio.gather(asyncio.create_task(step()), asyncio.to_thread(log.info, "thread"))

async def step():
    await asyncio.sleep(0)
    log.info("two\\nlines “%s”", "é")

async def main():
    await asyncio.gather(work("a1"), work("b2"))

asyncio.run(main())
logging.getLogger("bot.studio").debug("after")
for name in ("discord.gateway", "aiosqlite", "library"):
    logging.getLogger(name).debug("a token")
warnings.warn("old", DeprecationWarning)
relay("a bare line", "engine", "c3")
relay("The following part of your input was truncated because: ['a secret']", "engine", "c3")
log.info("user %d, blob %s", 110000000000000003, "ab" * 32)
log.warning("PATCH https://discord.com/api/v10/webhooks/1100/aW50ZXJh-_.x/messages/@original")
relay('{"level":"ERROR","logger":"torch","message":"m","job":"d4","exc_info":"E"}', "engine")
relay('{"level": 3}', "engine")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("caught")
thread = threading.Thread(target=lambda: [][1])
thread.start()
thread.join()
raise RuntimeError("nobody caught this")
"""


def run(form: str, level: str = "INFO") -> list[str]:
    """Run the script in a process of its own and return the lines of its log."""
    command = [sys.executable, "-W", "default", "-c", SCRIPT, form, level]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.splitlines()


def records(level: str = "INFO") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in run("json", level)]
    for record in found:
        assert {"time", "level", "logger", "message"} <= set(record)
        assert "job" not in record or record["job"]
    return found


def test_every_line_is_json_and_only_those_of_a_job_name_it() -> None:
    found = records()
    jobs: dict[str, list[str | None]] = {}
    for record in found:
        jobs.setdefault(record["message"], []).append(record.get("job"))
    assert jobs["before"] == [None]
    assert jobs["two\nlines “é”"] == ["a1", "b2"]
    assert sorted(map(str, jobs["thread"])) == ["a1", "b2"]
    assert jobs["a bare line"] == ["c3"]
    assert jobs["caught"] == [None]


def test_warnings_and_exceptions_are_logged() -> None:
    by_message = {record["message"]: record for record in records()}
    [warning] = [text for text in by_message if "DeprecationWarning: old" in text]
    assert by_message[warning]["logger"] == "py.warnings"
    assert "ZeroDivisionError" in by_message["caught"]["exc_info"]
    assert "list index out of range" in by_message["IndexError"]["exc_info"]
    assert "nobody caught this" in by_message["RuntimeError"]["exc_info"]
    assert by_message["RuntimeError"]["level"] == "CRITICAL"


def test_a_childs_record_is_logged_as_it_was() -> None:
    [record] = [record for record in records() if record["logger"] == "torch"]
    assert (record["level"], record["message"]) == ("ERROR", "m")
    assert (record["job"], record["exc_info"]) == ("d4", "E")
    assert '{"level": 3}' in [record["message"] for record in records()]


def test_text_names_the_job_too() -> None:
    lines = run("text")
    assert [line for line in lines if line.endswith("INFO library: before")]
    assert [line for line in lines if "INFO library [a1]: two" in line]
    assert [line for line in lines if line.endswith("ERROR torch [d4]: m")]
    assert lines[-1] == "RuntimeError: nobody caught this"


def test_at_debug_no_library_writes_what_is_confidential() -> None:
    messages = [record["message"] for record in records("DEBUG")]
    assert "after" in messages
    assert "a token" not in messages


def test_no_line_names_a_person_a_picture_or_a_token() -> None:
    for form in ("text", "json"):
        lines = "\n".join(run(form))
        assert "a secret" not in lines
        assert "input was truncated because" in lines
        assert "user …0003, blob abababab…" in lines
        assert "/webhooks/1100/…/messages/@original" in lines


@pytest.mark.parametrize("text", ["1795701688.6393247", "a1b2c3d4e5f60718 took 1234567890123 ns"])
def test_other_numbers_stay(text: str) -> None:
    assert redacted(text) == text


def test_an_id_at_the_end_of_a_sentence_is_cut() -> None:
    assert redacted("it is of user 123456789012345678.") == "it is of user …5678."
