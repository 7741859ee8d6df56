"""Why the API may refuse what its OpenAPI page allows: rules that no schema can say. A hook for schemathesis."""

import re
from typing import Any

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

# The code of the answer, what its sentence holds, and why a schema cannot say it.
REASONS = (
    ("already_running|invalid_status|job_not_cancellable", "", "it depends on what became of the thing meanwhile"),
    ("insufficient_credits", "", "it depends on what is left"),
    ("no_valid_contacts", "", "it depends on the do-not-call list, on countries, on rows, on an earlier job"),
    ("too_many_webhooks", "", "it depends on how many there are"),
    ("no_outbound_agent", "", "it depends on the number's agent"),
    ("past_scheduled_time", "", "it depends on the day"),
    ("invalid_timezone", "", "the names are those of the IANA database, which changes"),
    ("invalid_phone_format", "", "the form fits, but no numbering plan has such a number"),
    ("invalid_csv|missing_phone_column", "", "what is inside of a file"),
    ("invalid_request", "must be after the start|must be before endTime", "one field is compared with another"),
    ("invalid_request", "days ahead|is past|in the past|in the future|must not be past", "it depends on the day"),
    ("invalid_request", "names a date, a time or an offset that does not exist", "February 30 has the form of a date"),
    ("invalid_request", r"^retryPolicy\.maxAttempts differs from maxAttempts", "one field is compared with another"),
    (
        "invalid_request",
        r"^callingWindow[. ]\w+ is not that of",
        "a preset may have holidays of its own, in a file of ours",
    ),
    ("invalid_request", "^from must be a span of", "one field is compared with another, or with the day"),
    ("invalid_request", "^audioUrl is a telephone number", "it depends on another field, which may be stored already"),
    ("invalid_request", "must be later than from", "one field is compared with another"),
    ("invalid_request", "^reservedLines must be less than", "one field is compared with another"),
    ("invalid_request", "holidays must be a country or a part of one", "901 codes, of a library that grows"),
    ("invalid_request", "^number (is|has|begins|premium) ", "the form fits, but no numbering plan has such a number"),
    (
        "invalid_request",
        "must be an ISO 3166 code|is no country code of ISO 3166",
        "249 codes, of a register that changes",
    ),
    ("invalid_request", "^audioUrl must begin with", "it depends on another field, which may be stored already"),
    ("invalid_request", "Url must be an http or https address", "the form fits, but not what stands for the host"),
    ("invalid_request", "^url points to a private network", "it depends on what the name stands for today"),
    ("invalid_request", "^url must begin with https", "http is for networks that the operator allows"),
    ("invalid_request", "^Nothing is reported", "one of several fields must hold something"),
    ("invalid_request", "names a (key|column) that no contact has", "it depends on the contacts"),
    ("invalid_request", r"^contacts\[\d+\]", "it depends on which keys the request itself names"),
    ("invalid_request", "^phone cannot be called now", "it depends on the hour"),
    ("invalid_request", "^This server does not call through", "it depends on what the operator set up"),
    ("invalid_request", "^This carrier has no settings of single numbers", "one field is compared with another"),
    (
        "invalid_request",
        r"^carrierSettings\.",
        "they fit one carrier; the number's is another field, or stored already",
    ),
)


def reason_of(code: str, sentence: str) -> str | None:
    """Why no schema says what was refused with this code and sentence; None: one should."""
    for codes, words, why in REASONS:
        if re.fullmatch(codes, code) and re.search(words, sentence):
            return why
    return None


def holds_a_float(body: Any) -> bool:
    """Whether a whole number may be written as 5.0: the same to a schema, refused by the contract."""
    parts = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return isinstance(body, float) or any(map(holds_a_float, parts))


def leaves_a_query_blank(case: Any) -> bool:
    """Whether a parameter has no value, as in `?page=`: the same as not given, of whatever type it is."""
    return any(isinstance(value, str) and not value.strip() for value in (case.query or {}).values())


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep every failure but those for one of these reasons."""
    if isinstance(failure, AcceptedNegativeData) and "in query" in failure.message:
        return not leaves_a_query_blank(case)
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        return not may_be_refused(response.json(), case.body)
    return True


def may_be_refused(answer: dict[str, Any], body: Any) -> bool:
    """Whether the answer's reason is one that no schema can say."""
    if "whole number" in answer["error"] and holds_a_float(body):
        return True
    return reason_of(answer["code"], answer["error"]) is not None
