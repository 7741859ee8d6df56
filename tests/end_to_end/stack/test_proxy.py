"""The proxy's configuration, in Debian's nginx, in front of an API."""

import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from stack.ports import free_port
from tests import nginx
from tests.certificates import authority_for
from tests.end_to_end.live_stack import LiveStack
from tests.tools import need
from tests.waiting import until

MEGABYTES = 3
CAMPAIGN_MEGABYTES = 14


@pytest.fixture(scope="module")
def behind(stack: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client that reaches the stack's API by the proxy, as its owner; a second API is down."""
    need("nginx", "nginx-light")
    directory, port = tmp_path_factory.mktemp("nginx"), free_port()
    trusted, served = authority_for("localhost", directory)
    api = stack.ready["api"]
    apis = [f"127.0.0.1:{free_port()}", api["url"].removeprefix("http://")]
    process = subprocess.Popen(nginx.command(directory, port, apis, served))
    try:
        context = ssl.create_default_context(cafile=str(trusted))
        headers = {"Authorization": f"Bearer {api['ownerKey']}"}
        with httpx.Client(
            base_url=f"https://localhost:{port}", verify=context, headers=headers, trust_env=False, timeout=60
        ) as client:
            until(lambda: answers(client), 20, every=0.1)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.HTTPError:
        return False


def test_a_large_contact_file_passes(behind: httpx.Client, stack: LiveStack) -> None:
    row = "+12025550123,{}\n".format("x" * 900)
    content = "phone,note\n" + row * (MEGABYTES * 1024 * 1024 // len(row))
    answer = behind.post(
        "/batch/validate",
        data={"fromPhoneNumberId": stack.ready["phoneNumbers"]["pipeline"], "name": "Large"},
        files={"file": ("contacts.csv", content, "text/csv")},
    )
    assert answer.status_code == 200, answer.text[:300]


def test_a_campaigns_file_passes_that_is_larger_than_any_other_body(behind: httpx.Client, stack: LiveStack) -> None:
    caller = stack.ready["phoneNumbers"]["pipeline"]
    created = behind.post("/campaigns", json={"name": "Large", "fromPhoneNumberId": caller}).json()
    row = "+12025550123,{}\n".format("x" * 9_000).encode()
    rows = CAMPAIGN_MEGABYTES * 1024 * 1024 // len(row)
    content = [b"phone,note\n", *[row] * rows]
    headers = {"Content-Type": "text/csv"}
    answer = behind.put(f"/campaigns/{created['campaignId']}/contacts", content=iter(content), headers=headers)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.json()["validation"]["duplicatesTotal"] == rows - 1


def test_what_is_larger_than_the_api_takes_is_refused_by_one_of_both(behind: httpx.Client) -> None:
    answer = behind.post("/batch/validate", content=b"x" * (13 * 1024 * 1024), headers={"Content-Type": "text/csv"})
    assert answer.status_code in {413, 415, 422}


def test_path_and_query_reach_the_api_unchanged(behind: httpx.Client) -> None:
    answer = behind.get("/no%2Fsuch%20path", params={"dial": "a:1"})
    assert answer.status_code == 404
    assert answer.headers["X-Request-Id"]


def test_an_api_that_is_down_costs_no_request(behind: httpx.Client) -> None:
    answers = [behind.post("/batch/validate", json={}).status_code for _ in range(20)]
    assert answers == [400] * 20


def test_a_stream_of_events_begins_at_once(behind: httpx.Client, stack: LiveStack) -> None:
    """Through a proxy that gathers answers its first event would come with the last."""
    contacts = [{"phone": "+12025550147", "name": "Nobody"}]
    job = {
        "name": "Streamed",
        "fromPhoneNumberId": stack.ready["phoneNumbers"]["pipeline"],
        "contacts": contacts,
        "scheduledStartTime": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    created = behind.post("/batch/create", json=job).raise_for_status()
    path = f"/batch/jobs/{created.json()['batchJobId']}"
    try:
        with behind.stream("GET", f"{path}/events", timeout=20) as stream:
            assert stream.status_code == 200
            assert next(stream.iter_lines())
    finally:
        behind.post(f"{path}/cancel").raise_for_status()
        behind.delete(path).raise_for_status()
