"""The API's names of settings as the options of the command line: what it says of a field, said of a flag."""

import re
from collections.abc import Mapping
from typing import Any

from cli.setting_options import flag
from domain.contacts.named_columns import NamedColumns
from domain.contacts.number_options import NumberOptions
from domain.jobs.rerun import RetryOptions
from domain.jobs.settings import JobSettings
from domain.requests.request_model import aliases

PARTS = {  # of settings that are objects
    "delaysMinutes": "delays",
    "retryableStatuses": "retry-on",
    "onVoicemail": "voicemail",
    "onDeclined": "declined",
    "onScreened": "screened",
    "retriesFirst": "retries-first",
    "callsPer24Hours": "calls-per-day",
    "callsPer7Days": "calls-per-week",
    "quietHours": "quiet-hours",
}
_SETTINGS = {
    name: flag(name) for kind in (JobSettings, NamedColumns, NumberOptions, RetryOptions) for name in aliases(kind)
}
FLAGS: Mapping[str, str] = _SETTINGS | PARTS
_TELLING = sorted((name for name in FLAGS if not name.islower()), key=len, reverse=True)  # no words of a sentence
_NAMES = re.compile(rf"\b(?:(?:retryPolicy|contactFrequency)\.)?({'|'.join(_TELLING)})\b")
_FIRST = re.compile(rf"({'|'.join(name for name in FLAGS if name.islower())})(?= (?:must|is|has|cannot|may)\b)")


def say_flags(sentence: str) -> str:
    """`concurrentCallLimit must be …` is `--lines must be …`."""
    first = _FIRST.sub(lambda name: f"--{FLAGS[name[1]]}", sentence, count=1) if _FIRST.match(sentence) else sentence
    return _NAMES.sub(lambda name: f"--{FLAGS[name[1]]}", first)


def say_field(field: Any) -> str:
    """`maxAttempts` is `--attempts`; what has no flag stays `field x`."""
    last = str(field).rpartition(".")[2]
    return f"--{FLAGS[last]}" if last in FLAGS else f"field {field}"
