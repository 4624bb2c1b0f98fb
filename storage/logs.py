"""Logging of the bot, the worker and its engine process: one line a record, text or JSON.

Every line that is written while a job is worked on carries the job's id, those of libraries too.
No line names a person, a picture or a token: ids of Discord, the sha256 of blobs and what is secret
in an address are cut out of all of them, those of libraries and tracebacks too.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

_OURS = ("bot", "gpu_worker", "storage")
_FIELDS = {"levelname": "level", "name": "logger", "message": "message"}

_job: ContextVar[str] = ContextVar("job", default="")


@contextlib.contextmanager
def log_job(job: str) -> Iterator[None]:
    """Let the lines that are logged inside carry this job's id; tasks started inside inherit it."""
    token = _job.set(job)
    try:
        yield
    finally:
        _job.reset(token)


def current_job() -> str:
    """Return the id of the job that is being worked on, or an empty string."""
    return _job.get()


class FaultLog:
    """Logs a fault when it begins and when it has ended, not each time that it is met."""

    def __init__(self, log: logging.Logger, part: str) -> None:
        """Log about this part of the service."""
        self._log = log
        self._part = part
        self._fault = ""

    def begin(self, error: BaseException) -> None:
        """Log the error, unless it was the last one too."""
        if str(error) != self._fault:
            self._fault = str(error)
            self._log.warning("%s: %s", self._part, error)

    def end(self) -> None:
        """Log that it works again, if it did not."""
        if self._fault:
            self._fault = ""
            self._log.warning("%s: works again", self._part)


def set_up_logging(form: str, level: str) -> None:
    """Log everything to stderr, warnings and uncaught exceptions too; form is text or json.

    Libraries log at INFO at least: at DEBUG, discord and aiosqlite write prompts and tokens.
    """
    handler = redacting_handler(form)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    root = logging.getLogger()
    for name in _OURS:
        logging.getLogger(name).setLevel(root.level)
    root.setLevel(max(root.level, logging.INFO))
    logging.getLogger("alembic").setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def redacting_handler(form: str, stream: TextIO | None = None) -> logging.Handler:
    """Return what writes lines as text or JSON to a stream, stderr by default."""
    handler = _RedactingHandler(stream)
    handler.addFilter(_add_job)
    handler.addFilter(_cut_prompt)
    handler.setFormatter(_json_formatter() if form == "json" else _TextFormatter())
    return handler


def relay(line: str, source: str, job: str = "") -> str:
    """Log a line that a child process wrote, and return its message.

    A JSON line is logged as the record that it was in the child, anything else at INFO by the
    logger `source` and about this job.
    """
    try:
        fields = json.loads(line)
        values = {attribute: fields[field] for attribute, field in _FIELDS.items()}
    except (ValueError, TypeError, KeyError):
        with log_job(job):
            logging.getLogger(source).info("%s", line)
        return line
    values |= {"msg": values.pop("message"), "exc_text": fields.get("exc_info")}
    values["levelno"] = logging.getLevelNamesMapping().get(values["levelname"], logging.INFO)
    if "job" in fields:
        values["job"] = fields["job"]
    logging.getLogger(values["name"]).handle(logging.makeLogRecord(values))
    return "\n".join(filter(None, (values["msg"], values["exc_text"])))


_REDACTIONS = (
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]+"), r"\1…"),  # an interaction's token
    (re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"), "…"),  # a bot's token
    (re.compile(r"(?<![0-9a-f])([0-9a-f]{8})[0-9a-f]{56}(?![0-9a-f])"), r"\1…"),  # a sha256
    (re.compile(r"(?<![\d.])\d{13,16}(\d{4})(?!\d|\.\d)"), r"…\1"),  # an id of Discord
)
"""What no line may hold, and what stays of it."""


def redacted(line: str) -> str:
    """Return a line of a log without what names a person, a picture or a secret."""
    for pattern, replacement in _REDACTIONS:
        line = pattern.sub(replacement, line)
    return line


class _RedactingHandler(logging.StreamHandler[TextIO]):
    """Writes each line once it is redacted."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _TextFormatter(logging.Formatter):
    """Lines for a terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(job_note)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        job = getattr(record, "job", "")
        record.job_note = f" [{job}]" if job else ""
        return super().formatMessage(record)


def _json_formatter() -> JsonFormatter:
    return JsonFormatter(
        list(_FIELDS), rename_fields=_FIELDS, timestamp="time", json_ensure_ascii=False
    )


def _add_job(record: logging.LogRecord) -> bool:
    """Note the current job in a record that names none."""
    if not hasattr(record, "job") and (job := _job.get()):
        record.job = job
    return True


_CUT_PROMPT = re.compile(r"(part of your input was truncated[^:]*).*", re.DOTALL)


def _cut_prompt(record: logging.LogRecord) -> bool:
    """Cut the prompt out of what diffusers says of one that is too long."""
    message = record.getMessage()
    if "was truncated" in message:
        record.msg, record.args = _CUT_PROMPT.sub(r"\1", message), ()
    return True


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger("uncaught").critical("%s", kind.__name__, exc_info=error)
