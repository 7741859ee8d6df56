"""Answers of the API for people, as text and tables. What came from outside is escaped."""

import re
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

Answer = dict[str, Any]
ROWS_SHOWN = 10  # of each list of a validation report
GAP = 2  # between two columns
STYLES = {"completed": "green", "failed": "red", "cancelled": "yellow", "paused": "yellow", "running": "cyan"}


def text(value: Any) -> str:
    """A cell: escaped, an em dash where there is nothing."""
    return "—" if value is None or value == "" else escape(str(value))


def count(number: int, noun: str) -> str:
    """ "1 job", "1,000 jobs"."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def time_text(moment: Any) -> str:
    """A time of the API's to the second: "2026-11-24 12:00:00Z"."""
    return text(re.sub(r"^(.{10})T(.{8})(?:\.\d+)?Z$", r"\1 \2Z", moment) if isinstance(moment, str) else moment)


def status_text(status: str) -> str:
    style = STYLES.get(status)
    return f"[{style}]{text(status)}[/]" if style else text(status)


def pairs(rows: dict[str, str]) -> Table:
    """Names and values side by side."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in rows.items():
        table.add_row(f"[bold]{name}[/]", value)
    return table


def show_listing(console: Console, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    """A table of things: `columns` are headings by the key of their value.

    Text is folded between words where the terminal is narrow. No word is cut, since half an id is of no use and half
    a number is another number: a line that is too long all the same is longer than the terminal.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    least = GAP * (len(columns) - 1)
    for key, heading in columns.items():
        cells = [heading, *(Text.from_markup(_cell(key, row.get(key))).plain for row in rows)]
        longest_word = max(cell_len(word) for cell in cells for word in cell.split() or [""])
        table.add_column(heading, min_width=longest_word, no_wrap=longest_word == max(map(cell_len, cells)))
        least += longest_word
    for row in rows:
        table.add_row(*(_cell(key, row.get(key)) for key in columns))
    if least > console.width:
        table.width = least
    console.print(table, crop=False)


def _cell(key: str, value: Any) -> str:
    if key == "status":
        return status_text(value)
    if isinstance(value, dict):
        return ", ".join(f"{text(name)} {_plain(one)}" for name, one in value.items()) or "—"
    return time_text(value) if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else text(value)


def show_created(console: Console, answer: Answer) -> None:
    """A new job, with the report on its contacts."""
    rows = {
        "Job": text(answer["batchJobId"]),
        "Status": status_text(answer["status"]),
        "Contacts": text(answer["totalContacts"]),
        "Estimated cost": text(answer["estimatedCost"]),
        "Estimated duration": text(answer["estimatedDuration"]),
        "Starts": time_text(answer["scheduledStartTime"] or "now"),
    }
    console.print(pairs(rows))
    show_report(console, answer.get("validation") or {})
    console.print(text(answer["message"]))


def show_report(console: Console, report: Answer, use: str = "to call") -> None:
    """How many rows a file had, what they are for, and why some were skipped."""
    if not report:
        return
    console.print(
        f"{count(report['rows'], 'row')}: {report['valid']:,} {use}, {report['invalidTotal']:,} invalid, "
        f"{count(report['duplicatesTotal'], 'duplicate')}, {report['blank']:,} blank"
    )
    for bad in report["invalid"][:ROWS_SHOWN]:
        where = f"{text(bad['column'])} {text(bad['value'])}: " if bad["column"] else ""
        console.print(f"  row {bad['row']}: {where}{text(bad['reason'])}")
    _more(console, report["invalidTotal"], len(report["invalid"]), "invalid rows")
    for twin in report["duplicates"][:ROWS_SHOWN]:
        console.print(f"  row {twin['row']}: the number of row {twin['firstRow']} again")
    _more(console, report["duplicatesTotal"], len(report["duplicates"]), "duplicates")
    for read in report["rewritten"][:ROWS_SHOWN]:
        console.print(f"  row {read['row']}: {text(read['written'])} → {read['number']}")
    _more(console, report["rewrittenTotal"], len(report["rewritten"]), "numbers rewritten")
    for warning in report["warnings"]:
        console.print(f"  [yellow]note:[/] {text(_shortened(warning))}")


def _shortened(warning: str) -> str:
    """Of a long list of rows the first ones: a file with the report has them all."""
    return re.sub(rf"((?:\d+, ){{{ROWS_SHOWN}}})(\d+, )+(?=\d+)", r"\1… ", warning)


def _more(console: Console, total: int, listed: int, noun: str) -> None:
    hidden = total - min(listed, ROWS_SHOWN)
    if hidden > 0:
        console.print(f"  … and {hidden} more {noun}")


def show_job(console: Console, job: Answer) -> None:
    """A job, its counts, and a page of its contacts."""
    rows = {
        "Job": text(job["id"]),
        "Name": text(job["name"]),
        "Description": text(job["description"]),
        "Status": status_text(job["status"]),
        "Contacts": f"{job['contactsProcessed']} of {job['totalContacts']} done",
        "Results": results_text(job),
        "Created": time_text(job["createdAt"]),
        "Scheduled": time_text(job["scheduledStartTime"]),
        "Started": time_text(job["actualStartTime"]),
        "Ended": time_text(job["completedAt"]),
        "Expected end": time_text(job.get("estimatedCompletionTime")),
        "Lines": text(job["concurrentCallLimit"]),
        "Attempts": text(job["retryPolicy"]["maxAttempts"]),
        "Now": text(now_text(job)),
        "Reason": text(job.get("statusReason")),
        "Warning": text(job.get("warning")),
        "Ends at the latest": time_text(job.get("endTime")),
        "Calling window": text(window_text(job.get("callingWindow"))),
        "Spent": text(spent_text(job)),
    }
    console.print(pairs(rows))
    if job["contacts"]:
        console.print()
        show_listing(console, CONTACT_COLUMNS, [_contact(one) for one in job["contacts"]])
    if job["contactsTotal"] > len(job["contacts"]):
        console.print(f"{len(job['contacts'])} of {job['contactsTotal']} contacts; more with --page")


def _contact(contact: Answer) -> Answer:
    """With the name that its row gives it, and what its agent reported."""
    data = contact.get("contactData") or {}
    name = next((value for key, value in data.items() if key.strip().lower() == "name"), None)
    said = contact.get("conversation") or {}
    return contact | {"name": name, "disposition": said.get("disposition")}


CONTACT_COLUMNS = {
    "row": "Row",
    "phoneNumber": "Number",
    "name": "Name",
    "status": "Status",
    "attemptCount": "Attempts",
    "errorCode": "SIP",
    "callDuration": "Seconds",
    "nextRetryAt": "Next attempt",
    "disposition": "Disposition",
    "failureReason": "Reason",
    "id": "Contact",
}
ACTIVITY_COLUMNS = {"at": "When", "actor": "Who", "action": "What", "jobId": "Job", "details": "Details"}
DO_NOT_CALL_COLUMNS = {
    "number": "Number",
    "source": "Source",
    "note": "Note",
    "addedBy": "By",
    "addedAt": "Since",
    "batchId": "Batch",
}
JOB_COLUMNS = {
    "id": "Job",
    "name": "Name",
    "status": "Status",
    "totalContacts": "Contacts",
    "contactsProcessed": "Done",
    "successfulCalls": "Reached",
    "failedCalls": "Failed",
    "createdAt": "Created",
}


WAITS = {  # by the reason that the API gives
    "start": "its start",
    "resume": "somebody to resume it",
    "retry": "the next retry",
    "window": "the calling window",
    "not_before": "a contact's earliest time",
    "frequency": "the cap on calls to one number",
    "timezone": "contacts' time zones, which are unknown",
    "lines": "a line of the organization",
    "credits": "credits",
    "max_cost": "a higher maximum cost",
    "stopped": "the organization to be resumed",
    "account": "the carrier account",
    "number": "the number to call from",
}


def results_text(job: Answer) -> str:
    """Contacts by status, those that are none left out: "12 completed, 3 busy"."""
    counts = job.get("statusBreakdown") or {}
    return ", ".join(f"{count} {text(status)}" for status, count in counts.items() if count) or "—"


def window_text(window: Answer | None) -> str | None:
    """The hours of a job's own calling window: "09:00-20:00 mon, tue"."""
    if not window:
        return None
    days = window.get("weekdays") or []
    named = "" if len(days) in {0, 7} else " " + ", ".join(days)
    preset = f" ({window['preset']})" if window.get("preset") else ""
    return f"{window['from']}-{window['to']}{named}{preset}"


def spent_text(job: Answer) -> str | None:
    """What its calls have cost, and may cost: "$1.23 of $5.00"."""
    if job.get("spent") is None:
        return None
    most = f" of ${job['maxCost']}" if job.get("maxCost") else ""
    return f"${job['spent']}{most}"


def now_text(job: Answer) -> str | None:
    """What the job does now: live calls, and what it waits for. None where its workflow did not answer."""
    progress = job.get("progress")
    if not progress:
        return None
    now = f"{count(progress['liveCalls'], 'live call')} on {count(progress['linesHeld'], 'line')}"
    waiting = progress.get("waitingFor")
    if waiting:
        until = f" until {time_text(waiting['until'])}" if waiting.get("until") else ""
        detail = f": {text(waiting['detail'])}" if waiting.get("detail") else ""
        now += f", waits for {WAITS.get(waiting['reason'], waiting['reason'])}{until}{detail}"
    return now
