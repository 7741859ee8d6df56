"""Names as Python writes them, from the names of the OpenAPI page."""

import keyword
import re


def snake(name: str) -> str:
    """`fromNumber` is `from_number`, `from` is `from_`, `Last-Event-ID` is `last_event_id`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    return f"{words}_" if keyword.iskeyword(words) else words


def pascal(name: str) -> str:
    """`createBatchJob` is `CreateBatchJob`."""
    return name[:1].upper() + name[1:]
