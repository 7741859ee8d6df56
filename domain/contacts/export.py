"""The columns of a job's results: those of its contacts, then ours."""

from collections.abc import Iterable

OUR_COLUMNS = (
    "status",
    "errorCode",
    "failureReason",
    "attemptCount",
    "dials",
    "lastAttemptAt",
    "completedAt",
    "callDuration",
    "answeredBy",
    "roomName",
    "cost",
    "externalId",
    "disposition",
    "summary",
    "data",
    "transcriptUrl",
    "recordingUrl",
    "contactId",
)
MAX_COLUMNS = 2_000  # of contacts, in one CSV file: more than any list has, and little enough to hold
_PREFIX = "outdial_"
_PREFIXES = ("", _PREFIX, _PREFIX * 2, _PREFIX * 3)

CONTESTED_NAMES = tuple(f"{prefix}{name}".lower() for prefix in _PREFIXES for name in OUR_COLUMNS)


def name_our_columns(theirs: Iterable[str]) -> dict[str, str]:
    """What our columns are called beside the contacts' own, which keep their names.

    A name of ours that is taken, in whatever letter case, begins with `outdial_` instead.

    >>> our_names(["phone", "Status"])["status"]
    'outdial_status'
    """
    taken = {name.lower() for name in theirs}
    return {name: _free(name, taken) for name in OUR_COLUMNS}


def _free(name: str, taken: set[str]) -> str:
    return next((found for prefix in _PREFIXES if (found := prefix + name).lower() not in taken), _PREFIX * 4 + name)
