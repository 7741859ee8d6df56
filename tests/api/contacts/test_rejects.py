"""Rejected rows, kept so that they can be mended and sent again."""

import codecs

import pytest

from store.contacts import rejected_rows
from tests.api.client import Api

LATER = "2027-05-03T09:00Z"
FILE = (
    b"name;phone;note;\r\n"
    b"Ada;+12025550101;=1+1;\r\n"
    b"Bob;+1202;=1+1;x\r\n"
    b'Cy;"+1202" 5550102;"=2";\r\n'
    b"\"De;e\";'+12025550103;'=1;\r\n"
    b"Eve;+12025550104;;;;x\r\n"
    b'Fay;0012025550105;"two\nlines";\r\n'
)


async def rejects_of(api: Api, job: str) -> str:
    answer = await api.get(f"/batch/jobs/{job}/rejects")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{job}-rejects.csv"'
    assert answer.content.startswith(codecs.BOM_UTF8)  # for Excel
    return answer.content.decode("utf-8-sig")


async def test_rejected_rows_come_back_with_their_reason_and_their_own_cells(api: Api) -> None:
    created = (await api.upload(FILE)).json()

    assert await rejects_of(api, created["batchJobId"]) == (
        "outdial_reason;name;phone;note;\r\n"
        "phone is not a valid number in its country;Bob;'+1202;'=1+1;x\r\n"
        'has text after a closing quote: inside a quoted cell a quote is written twice ("");'
        'Cy;"\'+1202" 5550102;"\'=2";\r\n'
        "has 6 cells, the header has 4 columns;Eve;'+12025550104;;;;x\r\n"
        'phone begins with 00 instead of +;Fay;0012025550105;"two\nlines";\r\n'
    ).replace(
        'has text after a closing quote: inside a quoted cell a quote is written twice ("");',
        '"has text after a closing quote: inside a quoted cell a quote is written twice ("""")";',
    )


async def test_the_file_sent_again_brings_no_new_complaint(api: Api) -> None:
    created = (await api.upload(FILE)).json()
    mended = (await rejects_of(api, created["batchJobId"])).replace(";'+1202;", ";'+12025550106;")

    again = await api.upload(mended.encode())

    assert again.status_code == 200, again.text
    said = again.json()
    before = [(row["column"], row["reason"]) for row in created["validation"]["invalid"]]
    after = [(row["column"], row["reason"]) for row in said["validation"]["invalid"]]
    assert after == before[1:]
    assert said["validation"]["warnings"] == []
    [contact] = (await api.job(said["batchJobId"]))["contacts"]
    assert contact["contactData"] == {"name": "Bob", "phone": "+12025550106", "note": "=1+1", "column_4": "x"}


async def test_rejects_of_rejects_are_the_same_file(api: Api) -> None:
    created = (await api.upload(FILE)).json()
    first = await rejects_of(api, created["batchJobId"])
    with_one_good = first + "whatever;Gil;+12025550107;n;\r\n"

    again = (await api.upload(with_one_good.encode())).json()

    assert await rejects_of(api, again["batchJobId"]) == first


async def test_a_file_without_bad_rows_has_a_header_only(api: Api) -> None:
    created = (await api.upload(b"phone,name\n+12025550101,Ada\n")).json()

    assert await rejects_of(api, created["batchJobId"]) == "outdial_reason,phone,name\r\n"


async def test_json_contacts_have_no_rejects(api: Api) -> None:
    assert await rejects_of(api, await api.new_job()) == "outdial_reason\r\n"


@pytest.mark.parametrize("rows", [2_500])
async def test_many_rejects_are_kept(api: Api, rows: int) -> None:
    bad = "".join(f"+1202,{row}\n" for row in range(rows))
    created = (await api.upload(f"phone,n\n+12025550101,x\n{bad}".encode())).json()

    lines = (await rejects_of(api, created["batchJobId"])).splitlines()

    assert len(lines) == rows + 1
    assert lines[-1] == f"phone is not a valid number in its country,'+1202,{rows - 1}"


async def add(api: Api, job: str, file: bytes) -> list[str]:
    """Add a file to a job; the warnings."""
    answer = await api.http.post(f"/batch/jobs/{job}/contacts", files={"file": ("more.csv", file)}, headers=api.key)
    assert answer.status_code == 200, answer.text
    warnings: list[str] = answer.json()["validation"]["warnings"]
    return warnings


@pytest.fixture
async def job(api: Api) -> str:
    """Of one contact and three rejected rows, which come last."""
    created = await api.upload(b"phone,name\n+12025550101,Ada\n+1202,Bob\nx,Cy\ny,Cy\n", scheduledStartTime=LATER)
    return str(created.json()["batchJobId"])


async def test_rejected_rows_of_files_that_are_added_follow_in_their_order(api: Api, job: str) -> None:
    before = await rejects_of(api, job)

    assert await add(api, job, b"phone,name\n+12025550102,Dee\n+1203,Eve\n") == []
    assert await add(api, job, b"phone;name\n+12025550103;Fay\n+1204;=1\n") == []

    assert await rejects_of(api, job) == before + (
        "phone is not a valid number in its country,'+1203,Eve\r\n"
        "phone is not a valid number in its country,'+1204,'=1\r\n"
    )
    added = [contact["contactData"]["name"] for contact in (await api.job(job))["contacts"]]
    assert added == ["Ada", "Dee", "Fay"]


@pytest.mark.parametrize(
    "file",
    [
        b"name,phone\nDee,+12025550102\nEve,+1203\n",
        b"phone,name,plan\n+12025550102,Dee,1\n+1203,Eve,2\n",
        b'phone;name\n+12025550102;Dee\n+12025550103;"E" ve\n',
    ],
)
async def test_rejected_rows_that_would_be_read_otherwise_there_are_told_at_once_only(
    api: Api, job: str, file: bytes
) -> None:
    before = await rejects_of(api, job)

    [warning] = await add(api, job, file)

    assert warning.startswith("The rejected rows of this file are told here only")
    assert await rejects_of(api, job) == before
    assert await add(api, job, b"name,phone\nGil,+12025550106\n") == []


async def test_a_job_of_json_contacts_keeps_the_rejected_rows_of_the_first_file_that_is_added(api: Api) -> None:
    job = await api.new_job(scheduledStartTime=LATER)

    await add(api, job, b"phone;name\n+12025550102;Dee\n+1203;Eve\n")

    assert await rejects_of(api, job) == (
        "outdial_reason;phone;name\r\nphone is not a valid number in its country;'+1203;Eve\r\n"
    )


async def test_a_file_added_once_by_its_key_is_kept_once(api: Api, job: str) -> None:
    headers = api.key | {"Idempotency-Key": "more-1"}
    files = {"file": ("more.csv", b"phone,name\n+12025550102,Dee\n+1203,Eve\n")}
    answers = [await api.http.post(f"/batch/jobs/{job}/contacts", files=files, headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert (await rejects_of(api, job)).count("Eve") == 1


async def test_a_job_keeps_so_many_rejected_rows_and_says_so_of_more(
    api: Api, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await rejects_of(api, job)
    monkeypatch.setattr(rejected_rows, "MAX_KEPT", kept.count("\r\n"))  # one more than there are
    bad = b"phone,name\n+12025550141,Fay\n+1202,Gus\n+1202,Hal\n"
    assert rejected_rows.TOO_MANY in await add(api, job, bad)
    assert await rejects_of(api, job) == kept
