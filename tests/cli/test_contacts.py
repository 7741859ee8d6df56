"""Commands for contacts, and for numbers that are not called."""

import pytest

from tests.cli.answers import CONTACTS, DONE, ID, REPORT, Terminal, form_of, sent
from tests.cli.conftest import FakeApi, Run

CONTACT = "contact_0123456789abcdef01234567"
NUMBER = "+12025550101"


def test_add_sends_the_file_and_shows_what_became_of_its_rows(run: Run, api: FakeApi, file: str) -> None:
    answer = {"success": True, "added": 1, "totalContacts": 5, "validation": REPORT}
    api.will(f"POST /batch/jobs/{ID}/contacts", (200, answer))
    ended = run("add", ID, file, "--phone-column", "Mobile")
    assert form_of(api.requests[0]) == {"phoneColumn": b"Mobile", "file": CONTACTS}
    assert "14 rows: 1 to call" in ended.out
    assert "Added: 1 contact; the job has 5." in ended.out


def test_remove_takes_a_contact_away(run: Run, api: FakeApi) -> None:
    api.will(f"DELETE /batch/jobs/{ID}/contacts/{CONTACT}", (200, DONE))
    assert run("remove", ID, CONTACT).out == "Done so.\n"
    assert run("remove", ID, "../x").code == 1


def test_numbers_are_listed_from_arguments_or_a_file(run: Run, api: FakeApi, file: str) -> None:
    answer = {"success": True, "added": 1, "alreadyListed": 0, "contactsBlocked": 2, "validation": REPORT}
    api.will("POST /do-not-call", (200, answer))
    ended = run("dnc", "add", NUMBER, "--note", "Asked us.")
    assert sent(api) == {"numbers": [NUMBER], "note": "Asked us."}
    assert "Listed: 1 number, 0 were already; 2 waiting contacts will not be called any more." in ended.out
    unread = run("dnc", "add", "--file", file, "--phone-column", "Mobile", "--default-country", "US")
    assert unread.code == 1
    assert "12 rows could not be read: their numbers are NOT listed" in unread.err
    assert "row 2: (202) 555-0101 → +12025550101" in unread.out
    assert form_of(api.requests[1]) == {
        "phoneColumn": b"Mobile",
        "defaultCountry": b"US",
        "file": CONTACTS,
    }
    for wrong in ([], [NUMBER, "--file", file], [file]):
        assert run("dnc", "add", *wrong).code == 1


PREVIEW = {
    "wouldBeAdded": 1,
    "alreadyListed": 2,
    "contactsBlocked": 2644,
    "jobs": [{"batchJobId": ID, "name": "[red]Spring", "contacts": 2644}],
    "validation": REPORT,
}


def test_what_a_list_would_block_is_shown_first(run: Run, api: FakeApi, file: str) -> None:
    api.will("POST /do-not-call/numbers/preview", (200, PREVIEW))
    ended = run("dnc", "add", "--file", file, "--dry-run")
    assert ended.code == 0
    assert "1 number would be listed, 2 are already; 2,644 waiting contacts would not be called" in ended.out
    assert f"2,644 contacts of [red]Spring ({ID})" in ended.out
    assert len(api.requests) == 1


@pytest.mark.parametrize(("answer", "listed"), [("y", True), ("n", False)])
def test_at_a_terminal_nothing_is_listed_unasked(
    run: Run, api: FakeApi, monkeypatch: pytest.MonkeyPatch, answer: str, listed: bool
) -> None:
    added = {"added": 1, "alreadyListed": 2, "contactsBlocked": 2644, "validation": {}, "batchId": "dnc_1"}
    api.will("POST /do-not-call/numbers/preview", (200, PREVIEW))
    api.will("POST /do-not-call", (200, added | {"validation": REPORT | {"invalidTotal": 0, "invalid": []}}))
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    ended = run("dnc", "add", NUMBER)
    assert "List 1 number?" in ended.err
    assert (len(api.requests), "outdial dnc undo dnc_1" in ended.out) == (2 if listed else 1, listed)


@pytest.mark.parametrize(("answer", "added"), [("y", True), ("n", False)])
def test_at_a_terminal_nobody_is_added_unasked(
    run: Run, api: FakeApi, file: str, monkeypatch: pytest.MonkeyPatch, answer: str, added: bool
) -> None:
    api.will(f"GET /batch/jobs/{ID}", (200, {"name": "Spring", "status": "running"}))
    whole = REPORT | {"invalidTotal": 0, "invalid": []}
    api.will(f"POST /batch/jobs/{ID}/contacts", (200, {"added": 1, "totalContacts": 4, "validation": whole}))
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    ended = run("add", ID, file)
    assert "to 'Spring', which is running, and call them?" in ended.err
    assert (len(api.requests), "Added: 1 contact" in ended.out) == (2 if added else 1, added)


def test_with_yes_nobody_is_asked(run: Run, api: FakeApi, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = REPORT | {"invalidTotal": 0, "invalid": []}
    api.will(f"POST /batch/jobs/{ID}/contacts", (200, {"added": 1, "totalContacts": 4, "validation": whole}))
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert "Added: 1 contact" in run("add", ID, file, "--yes").out


def test_a_batch_is_taken_back(run: Run, api: FakeApi) -> None:
    undone = {"success": True, "removed": 1, "contactsRestored": 2644}
    api.will("DELETE /do-not-call/batches/dnc_1", (200, undone), (200, undone | {"removed": 0}))
    out = run("dnc", "undo", "dnc_1").out
    assert out == "Taken off the list: 1 number; 2,644 contacts wait to be called again.\n"
    assert run("dnc", "undo", "dnc_1").out == "Nothing of it is on the list.\n"


def test_a_number_is_taken_off_the_list(run: Run, api: FakeApi) -> None:
    api.will("DELETE /do-not-call/%2B12025550101", (200, {"success": True, "removed": True}))
    assert run("dnc", "remove", NUMBER).out == "The number may be called again.\n"
    api.will("DELETE /do-not-call/%2B12025550101", (200, {"success": True, "removed": False}))
    assert run("dnc", "remove", NUMBER).out == "The number was not on the list.\n"


def test_the_list_is_shown(run: Run, api: FakeApi) -> None:
    entry = {"number": NUMBER, "source": "agent", "note": None, "addedBy": "key_1", "addedAt": "2026-11-24T12:00:00Z"}
    api.will("GET /do-not-call", (200, {"entries": [entry], "total": 1, "page": 1, "pageSize": 20}))
    out = run("dnc", "list", "--search", "555").out
    assert api.requests[0].line == "GET /do-not-call?page=1&pageSize=20&search=555"
    assert NUMBER in out
    assert "agent" in out


def test_a_key_is_taken_without_what_surrounds_it(run: Run, api: FakeApi) -> None:
    api.will("GET /do-not-call", (200, {"entries": [], "total": 0, "page": 1, "pageSize": 20}))
    assert run("dnc", "list", "--key", " od_key\r\n").code == 0
    assert api.requests[0].headers["authorization"] == "Bearer od_key"
    for wrong in ("od_a\r\nb", "od a", " ", "od_ü"):
        ended = run("dnc", "list", "--key", wrong)
        assert ended.code == 1
        assert "OUTDIAL_KEY" in ended.err
