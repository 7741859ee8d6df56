"""What every process writes to its log: one format, JSON or text, with ids, and without telephone numbers."""

import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from domain.phone.masking import mask_number
from telemetry.metrics import LOG_RECORDS

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

LIKE_A_NUMBER = re.compile(
    r"(?:\+|%2[bB])[1-9]\d{6,14}|(?<![\w.-])[1-9]\d{6,14}(?![\w-])"
)  # not parts of ids and times
OURS = ("organizationId", "jobId", "action", "actor")  # given as `extra` where something is logged
OF_TEMPORAL = {"workflow_id": "workflowId", "activity_id": "activityId"}  # which have job, contact and dial in them
FIRST_PAUSE_SECONDS = 2.0
MAX_PAUSE_SECONDS = 300.0
MAX_REMEMBERED = 1_000  # warnings; then all are forgotten
DIGITS = re.compile(r"\d+")


class LogFormat(StrEnum):
    JSON = "json"
    TEXT = "text"


class JsonLines(logging.Formatter):
    """One JSON object a line; whatever looks like a telephone number is masked, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **dict(_context(record)),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return masked(json.dumps(entry, ensure_ascii=False))


class TextLines(logging.Formatter):
    """The same for people: time, level, logger, message, and the ids at the end; a traceback follows."""

    def format(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in _context(record))
        line = f"{_time(record)} {record.levelname:<8} {record.name} {record.getMessage()}"
        line = f"{line} [{ids}]" if ids else line
        return masked(f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line)


FORMATTERS: dict[LogFormat, type[logging.Formatter]] = {LogFormat.JSON: JsonLines, LogFormat.TEXT: TextLines}


class BackOff(logging.Filter):
    """Lets a warning that is said again and again through less and less often, and says how many were left out.

    Warnings are alike where they differ in digits only. What is worse than a warning always passes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], _Repeated] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.WARNING:
            return True
        said = self._find((record.name, DIGITS.sub("0", record.getMessage())))
        if said is None:
            return True
        left_out = said.pass_on()
        if left_out is None:
            return False
        if left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like it were left out)", ()
        return True

    def _find(self, what: tuple[str, str]) -> "_Repeated | None":
        """None: it is said for the first time."""
        found = self._said.get(what)
        if found is None:
            if len(self._said) >= MAX_REMEMBERED:
                self._said.clear()
            self._said[what] = _Repeated(time.monotonic())
        return found


@dataclass
class _Repeated:
    said_at: float
    pause: float = FIRST_PAUSE_SECONDS
    left_out: int = 0

    def pass_on(self) -> int | None:
        """How many were left out since it was said; None: this one is too."""
        now = time.monotonic()
        if now - self.said_at < self.pause:
            self.left_out += 1
            return None
        was_quiet = now - self.said_at > 2 * self.pause
        self.pause = FIRST_PAUSE_SECONDS if was_quiet else min(2 * self.pause, MAX_PAUSE_SECONDS)
        left_out, self.left_out, self.said_at = self.left_out, 0, now
        return left_out


class _CountingHandler(logging.StreamHandler[Any]):
    def emit(self, record: logging.LogRecord) -> None:
        LOG_RECORDS.labels(record.levelname.lower()).inc()
        super().emit(record)


def configure_logging(level: str, form: LogFormat = LogFormat.JSON) -> None:
    """Send everything to standard error in this form."""
    handler = _CountingHandler(sys.stderr)
    handler.setFormatter(FORMATTERS[form]())
    handler.addFilter(BackOff())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs


def _context(record: logging.LogRecord) -> Iterator[tuple[str, str]]:
    """What the line is about: ids only."""
    if current := request_id.get():
        yield "requestId", current
    temporal = {**getattr(record, "temporal_workflow", {}), **getattr(record, "temporal_activity", {})}
    for name, shown in OF_TEMPORAL.items():
        if name in temporal:
            yield shown, str(temporal[name])
    for name in OURS:
        value = getattr(record, name, None)
        if value is not None:
            yield name, str(value)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def masked(text: str) -> str:
    """The text without telephone numbers; ids and times stay."""
    return LIKE_A_NUMBER.sub(lambda found: mask_number(found.group()), text)
