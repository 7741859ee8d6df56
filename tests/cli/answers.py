"""What the API answers, and how a form is read."""

import io
import json
from email import message_from_bytes
from typing import Any

from tests.cli.conftest import FakeApi, Request

ID = "batch_0123456789abcdef01234567"
CREATE = "POST /batch/create"
JOB = f"GET /batch/jobs/{ID}"
CONTACTS = b"phone\r\n+12025550101\r\n"  # of the fixture `file`
REPORT = {
    "rows": 14,
    "valid": 1,
    "blank": 0,
    "invalidTotal": 12,
    "invalid": [{"row": row, "column": "phone", "value": "…01", "reason": "[bold]is odd"} for row in range(3, 15)],
    "duplicatesTotal": 1,
    "duplicates": [{"row": 15, "firstRow": 2}],
    "rewrittenTotal": 1,
    "rewritten": [{"row": 2, "written": "(202) 555-0101", "number": "+12025550101"}],
    "warnings": ['The unknown field "x" was ignored.'],
}
CREATED = {
    "success": True,
    "batchJobId": ID,
    "totalContacts": 1,
    "estimatedDuration": "2 minutes",
    "estimatedCost": "$0.04",
    "status": "pending",
    "scheduledStartTime": None,
    "message": "Batch job created.",
    "validation": REPORT,
}
DONE = {"success": True, "message": "Done so."}


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def job(status: str, done: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "name": "[red]Mine",
        "description": None,
        "status": status,
        "totalContacts": 4,
        "contactsProcessed": done,
        "successfulCalls": done,
        "failedCalls": 0,
        "scheduledStartTime": None,
        "actualStartTime": None,
        "completedAt": None,
        "createdAt": "2026-11-24T12:00:00Z",
        "concurrentCallLimit": 5,
        "retryPolicy": {"maxAttempts": 3},
        "statusBreakdown": {"pending": 4 - done, "completed": done, "busy": 0},
        "estimatedCompletionTime": None,
        "progress": {
            "liveCalls": 2,
            "linesHeld": 3,
            "linesWanted": 3,
            "waitingFor": {"reason": "retry", "until": "2026-11-24T12:05:00Z"},
        },
        "contacts": [],
        "contactsTotal": 4,
        **more,
    }


def refusal(code: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"success": False, "error": "Not like this.", "code": code, "details": list(details)}


def sent(api: FakeApi) -> Any:
    """The JSON body of the first request."""
    return json.loads(api.requests[0].body)


def form_of(request: Request) -> dict[str, bytes]:
    message = message_from_bytes(
        b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
    )
    parts = message.get_payload()
    assert isinstance(parts, list)
    return {str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True) for part in parts}  # type: ignore[union-attr,misc]
