import json
import os
import signal
import stat
import subprocess
import sys
import time

import httpx
import psycopg
import pytest

from api.http.examples import A_NUMBER
from tests.end_to_end.live_stack import LiveStack, alive
from tests.waiting import until

ROOM = 3  # times what is promised, for two busy cores
REPLACED_SECONDS = 2 * ROOM


def test_the_ready_file_says_what_scripts_need(stack: LiveStack) -> None:
    ready = stack.ready
    assert {name: set(part) for name, part in ready.items()} == {
        "api": {"url", "organizationId", "ownerKey", "memberKey"},
        "otherOrganization": {"organizationId", "ownerKey", "phoneNumberId"},
        "console": {"url", "signIn"},
        "phoneNumbers": {"pipeline", "realtime", "text", "noAgent"},
        "temporal": {"address", "namespace", "ui"},
        "database": {"url"},
        "carrier": {"url", "accountSid", "authToken"},
        "pids": {"postgres", "temporal", "carrier", "api", "workers"},
    }
    assert ready["phoneNumbers"]["pipeline"] == A_NUMBER, "the page's examples name it"
    assert len(stack.pids()) == 5
    assert alive(stack.pids()) == stack.pids()
    assert stat.S_IMODE(stack.ready_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("file", ["keys.json", "secrets.json"])
def test_keys_and_secrets_are_kept_for_their_owner_alone(stack: LiveStack, file: str) -> None:
    assert stat.S_IMODE((stack.data_dir / file).stat().st_mode) == 0o600


def test_the_platforms_key_of_the_stack_opens_what_is_the_platforms(stack: LiveStack) -> None:
    key = json.loads((stack.data_dir / "secrets.json").read_text())["platformKey"]
    answer = httpx.get(f"{stack.ready['api']['url']}/organizations", headers={"x-api-key": key}, trust_env=False)
    organizations = answer.json()["organizations"]
    assert [(one["name"], one["allowedCountries"]) for one in organizations] == [("Demo", ["*"]), ("Other", ["*"])]
    assert "X-RateLimit-Limit" not in answer.headers


def test_everything_named_in_the_ready_file_answers(stack: LiveStack) -> None:
    ready = stack.ready
    with stack.http() as owner, stack.http(ready["api"]["memberKey"]) as member:
        assert owner.get("/batch/jobs").json()["total"] == member.get("/batch/jobs").json()["total"] == 0
    with psycopg.connect(ready["database"]["url"]) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    assert httpx.get(ready["temporal"]["ui"], trust_env=False, follow_redirects=True).status_code == 200
    assert stack.report()["dials"] == []


def test_the_organizations_are_as_promised(stack: LiveStack) -> None:
    with psycopg.connect(stack.ready["database"]["url"]) as connection:
        rows = connection.execute(
            "SELECT concurrent_call_limit, balance, held FROM organizations ORDER BY balance DESC"
        ).fetchall()
        paces = connection.execute("SELECT DISTINCT calls_per_second FROM phone_numbers").fetchall()
    assert rows == [(50, 1000, 0), (5, 100, 0)]
    assert paces == [(10,)]


def test_the_command_line_needs_no_key_beside_it(stack: LiveStack) -> None:
    file = stack.data_dir.with_name("profiles.json")
    until(file.exists, 20)  # right after the ready file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OUTDIAL_")}
    listed = subprocess.run(
        [sys.executable, "-m", "cli.main", "number", "list", "--json"],
        env={**environment, "OUTDIAL_PROFILES": str(file)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert len(json.loads(listed.stdout)["phoneNumbers"]) == len(stack.ready["phoneNumbers"])


def test_a_second_up_on_the_same_directory_says_so_and_ends(stack: LiveStack) -> None:
    command = [sys.executable, "-m", "cli.main", "up", "--data-dir", str(stack.data_dir), "--api-port", "0"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 1
    assert f"already runs on {stack.data_dir} (process {stack.process.pid})" in said.stderr
    assert alive(stack.pids()) == stack.pids()


@pytest.mark.parametrize("part", ["workers", "api", "carrier", "temporal", "postgres"])
def test_a_part_that_is_killed_is_started_again_and_named(stack: LiveStack, part: str) -> None:
    before = stack.ready
    old = stack.kill(part)
    stack.wait_until_replaced(part, old, REPLACED_SECONDS)
    after = stack.ready
    assert {name: after[name] for name in after if name != "pids"} == {
        name: before[name] for name in before if name != "pids"
    }
    until(lambda: _lists_jobs(stack), 20)


def _has_said_pids_but(stack: LiveStack, old: object) -> bool:
    """The ready file of a killed `up` stays until the next one removes it, and is then written anew."""
    try:
        return bool(stack.ready["pids"] != old)
    except FileNotFoundError:
        return False


def test_a_killed_up_leaves_nothing_its_directory_serves_again_and_sigterm_ends_everything_in_order(
    stack: LiveStack,
) -> None:
    """The last test here: it kills the stack of the others."""
    pids, ready = {process.pid for process in stack.descendants()}, stack.ready
    stack.end(signal.SIGKILL)
    again = LiveStack.start(stack.data_dir.parent, wait=False)
    try:
        until(lambda: not alive(pids), 10 * ROOM)
        until(lambda: _has_said_pids_but(again, ready["pids"]), 60)
        kept = ("otherOrganization", "phoneNumbers")
        assert {name: again.ready[name] for name in kept} == {name: ready[name] for name in kept}
        assert again.ready["api"]["ownerKey"] == ready["api"]["ownerKey"]
        assert _lists_jobs(again)

        pids, printed = {process.pid for process in again.descendants()}, again.output
        assert again.pids() <= pids
        started = time.monotonic()
        assert again.end(signal.SIGTERM) == 0
        assert time.monotonic() - started < 10 * ROOM
        assert not alive(pids)
        assert not again.ready_file.exists()
        assert "it is started again" not in again.output.removeprefix(printed)
    finally:
        again.end()


def _lists_jobs(stack: LiveStack) -> bool:
    with stack.http() as client:
        try:
            return client.get("/batch/jobs").status_code == 200
        except httpx.HTTPError:
            return False


def test_without_the_packages_that_it_runs_it_says_how_to_get_them() -> None:
    """The extra `embedded`."""
    program = (
        "import sys; sys.modules['psutil'] = None; sys.argv = ['outdial', 'up']; from cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program, "up"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "outdial: psutil is not installed: run `pip install 'outdial[embedded]'`, in a checkout `make install`.\n"
    )
