"""What the API writes to its log: JSON lines with the request id, telephone numbers masked."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from domain.phone.masking import mask_number

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

LIKE_A_NUMBER = re.compile(
    r"(?:\+|%2[bB])[1-9]\d{6,14}|(?<![\w.-])[1-9]\d{6,14}(?![\w-])"
)  # not parts of ids and times


class JsonLines(logging.Formatter):
    """One JSON object a line; whatever looks like a telephone number is masked, in tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if current := request_id.get():
            entry["requestId"] = current
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return LIKE_A_NUMBER.sub(lambda found: mask_number(found.group()), json.dumps(entry, ensure_ascii=False))


def configure_logging(level: str) -> None:
    """Send everything to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs
