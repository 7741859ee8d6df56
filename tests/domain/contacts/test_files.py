"""Awkward files, each beside what is to come out of it: read as the API reads them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from domain.contacts.contact import ReadOptions
from domain.contacts.named_columns import NamedColumns
from domain.contacts.read_file import read_contact_file
from domain.contacts.report import Intake
from domain.errors import RequestError
from domain.jobs.models import NewContact

FILES = Path(__file__).parents[2] / "files"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SUFFIX = ".expected.json"
NAMES = sorted(path.name.removesuffix(SUFFIX) for path in FILES.glob(f"*{SUFFIX}"))


def read(name: str, expected: dict[str, Any]) -> Intake:
    columns = NamedColumns(**{to_snake(key): value for key, value in expected.get("columns", {}).items()})
    return read_contact_file(content(name, expected), ReadOptions(columns=columns, now=NOW))


def content(name: str, expected: dict[str, Any]) -> bytes:
    if "recipe" in expected:
        return "".join(text * times for text, times in expected["recipe"]).encode()
    return (FILES / name).read_bytes()


def shown(contact: NewContact, like: dict[str, Any]) -> dict[str, Any]:
    """A contact as far as it is expected to be something."""
    not_before = contact.not_before
    every: dict[str, Any] = {
        "row": contact.row,
        "number": contact.number,
        "data": contact.data,
        "zones": None if contact.zones is None else list(contact.zones),
        "notBefore": None if not_before is None else not_before.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "externalId": contact.external_id,
    }
    return {key: every[key] for key in like}


def test_there_are_many_files_and_each_has_its_expectation() -> None:
    files = {path.name for path in FILES.iterdir() if path.is_file() and path.suffix in {".csv", ".xls", ".xlsx"}}
    assert len(files) > 60
    assert files <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_awkward_file_is_read_as_expected(name: str) -> None:
    expected = json.loads((FILES / f"{name}{SUFFIX}").read_text(encoding="utf-8"))
    if "refused" in expected:
        with pytest.raises(RequestError) as refused:
            read(name, expected)
        assert refused.value.code == expected["refused"]["code"]
        assert expected["refused"]["says"] in refused.value.sentence
        return
    intake = read(name, expected)
    assert intake.report.to_json() == {"rewritten": [], "rewrittenTotal": 0} | expected["report"]
    contacts = expected["contacts"]
    assert [shown(contact, like) for contact, like in zip(intake.contacts, contacts, strict=True)] == contacts
    for contact, like in zip(intake.contacts, contacts, strict=True):
        assert list(contact.data) == list(like["data"])  # in the order of the columns
    assert intake.rejects is not None
    assert [reject.row for reject in intake.rejects.rows] == [row["row"] for row in expected["report"]["invalid"]]
