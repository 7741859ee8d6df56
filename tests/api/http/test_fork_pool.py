"""Work in forked processes: none takes more memory or time than it may, or another organization's turn."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.contacts.reader import WARM_UP, ContactReader
from api.http import fork_pool
from api.http.bodies import Form, JsonBody
from api.http.errors import Unavailable
from api.http.fork_pool import (
    LOWEST,
    NICE_PER_SECOND,
    SLOTS,
    SPARES,
    ForkPool,
    Spent,
    TooCostly,
    Turns,
    _is_waiting,
    open_fork_pool,
)
from api.http.fork_server import MEMORY_BYTES, WALL_SECONDS
from domain.errors import InvalidCsv
from tests.files.make_files import hand_made, strings
from tests.waiting import eventually

NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[ForkPool]:
    async with open_fork_pool(WARM_UP) as pool:
        yield pool


async def test_work_gives_back_what_it_returns_or_raises(pool: ForkPool) -> None:
    assert await pool.run("a", sorted, [3, 1, 2]) == [1, 2, 3]
    with pytest.raises(ValueError, match="invalid literal"):
        await pool.run("a", int, "x")


async def test_more_memory_than_a_process_may_have_is_refused(pool: ForkPool) -> None:
    with pytest.raises(TooCostly):
        await pool.run("a", bytearray, MEMORY_BYTES + 1)
    assert await pool.run("a", len, bytearray(MEMORY_BYTES // 10)) == MEMORY_BYTES // 10


async def test_work_without_end_is_ended_by_the_kernel(pool: ForkPool) -> None:
    began = time.monotonic()
    with pytest.raises((TooCostly, Unavailable)):  # the second where the machine is busy
        await pool.run("a", sum, range(10**12))
    assert time.monotonic() - began < WALL_SECONDS + 5


async def test_a_library_that_aborts_ends_its_own_process_only(pool: ForkPool) -> None:
    with pytest.raises(TooCostly):
        await pool.run("a", os.abort)
    assert await pool.run("a", abs, -1) == 1


async def test_a_process_that_was_killed_from_outside_says_nothing_about_what_it_read(pool: ForkPool) -> None:
    with pytest.raises(Unavailable):
        await pool.run("a", signal.raise_signal, signal.SIGKILL)


async def test_each_piece_of_work_has_a_process_of_its_own(pool: ForkPool) -> None:
    assert len({await pool.run("a", os.getpid) for _ in range(5)}) == 5


async def test_a_process_that_was_ended_while_it_waited_for_work_is_not_used() -> None:
    async with open_fork_pool(WARM_UP) as pool:
        waiting = await eventually(lambda: _waiting_for_work(pool), 10)
        for pid in waiting:
            os.kill(pid, signal.SIGKILL)
        await eventually(lambda: not any(_is_waiting(child) for child in pool._spares), 10)
        assert await pool.run("a", os.getpid) not in waiting


async def test_processes_that_wait_for_work_end_with_their_pool() -> None:
    async with open_fork_pool(WARM_UP) as pool:
        waiting = await eventually(lambda: _waiting_for_work(pool), 10)
    await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in waiting), 10)


def _server(pool: ForkPool) -> "subprocess.Popen[bytes]":
    assert pool._server is not None
    return pool._server._process


def _waiting_for_work(pool: ForkPool) -> list[int]:
    """As soon as each watcher has forked its worker."""
    workers = [worker for watcher in _children(_server(pool).pid) for worker in _children(watcher)]
    return workers if len(workers) == SPARES else []


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_the_processes_do_not_know_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTDIAL_SECRET", "a secret")
    async with open_fork_pool() as pool:
        assert await pool.run("a", os.getenv, "OUTDIAL_SECRET") is None
        assert await pool.run("a", os.getenv, "PATH") == os.environ["PATH"]


async def test_the_code_is_ours_wherever_we_were_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the version that runs, and not of another that lies in the working directory."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api/__init__.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    async with open_fork_pool(WARM_UP) as pool:
        assert await pool.run("a", abs, -1) == 1


async def test_a_server_that_ended_is_started_again(pool: ForkPool) -> None:
    assert await pool.run("a", os.getppid) != os.getpid()  # the one that watches; its parent is the server
    server = _server(pool)
    server.kill()
    server.wait()
    for _ in range(SPARES + 1):  # those that wait for work outlive it
        assert await pool.run("a", abs, -1) == 1
    assert _server(pool) is not server


async def test_work_is_done_where_the_server_ended_before_it_forked() -> None:
    async with open_fork_pool(WARM_UP) as pool:
        server = _server(pool)
        server.send_signal(signal.SIGSTOP)
        works = [asyncio.create_task(pool.run(owner, abs, -1)) for owner in "abcd"]
        await eventually(lambda: sum(work.done() for work in works) == SPARES)
        server.kill()
        assert await asyncio.gather(*works) == [1, 1, 1, 1]


async def test_one_organization_does_not_take_the_turns_of_another(pool: ForkPool) -> None:
    first = [asyncio.create_task(pool.run("a", time.sleep, 0.5)) for _ in range(2 * SLOTS)]
    await asyncio.sleep(0.1)
    began = time.monotonic()
    assert await pool.run("b", abs, -1) == 1
    assert time.monotonic() - began < 1
    assert not all(task.done() for task in first)
    await asyncio.gather(*first)


async def test_who_took_much_of_the_processors_lately_comes_after_who_took_little() -> None:
    async with open_fork_pool() as pool:
        ours = os.nice(0)
        assert await pool.run("a", os.nice, 0) == ours
        await pool.run("a", _compute, 2.0)
        assert await pool.run("a", os.nice, 0) >= min(LOWEST, ours + NICE_PER_SECOND)
        with pytest.raises(TooCostly):  # it could not say what it took
            await pool.run("a", os.abort)
        assert await pool.run("a", os.nice, 0) == LOWEST
        assert await pool.run("b", os.nice, 0) == ours


def test_what_was_taken_long_ago_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = Spent()
    spent.add("a", 5.0)
    assert spent.niceness("a") == LOWEST
    monkeypatch.setattr(fork_pool, "LATELY_SECONDS", 1e-4)
    time.sleep(0.002)
    assert spent.niceness("a") == 0
    spent.add("b", 0.0)
    assert list(spent._seconds) == ["b"]


async def test_a_process_that_got_too_little_of_the_processors_says_nothing_about_what_it_read(pool: ForkPool) -> None:
    with pytest.raises(Unavailable):
        await pool.run("alarmed", signal.raise_signal, signal.SIGALRM)


def _compute(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


async def test_more_work_than_may_wait_is_refused_and_says_when_to_try_again(pool: ForkPool) -> None:
    several = await asyncio.gather(*(pool.run("a", time.sleep, 0.01) for _ in range(60)), return_exceptions=True)
    refused = [one for one in several if isinstance(one, Unavailable)]
    assert refused
    assert all(one.headers == {"Retry-After": "5"} for one in refused)
    assert sum(one is None for one in several) + len(refused) == 60


async def test_a_client_that_leaves_gives_its_turn_back_when_its_process_has_ended() -> None:
    async with open_fork_pool() as pool:
        leaving = [asyncio.create_task(pool.run("a", time.sleep, 0.3)) for _ in range(3)]
        await asyncio.sleep(0.1)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        began = time.monotonic()
        assert await pool.run("a", abs, -1) == 1
        assert 0.05 < time.monotonic() - began < 2


async def test_turns_go_round_in_the_order_in_which_they_came() -> None:
    turns, seen = Turns(2, 1), list[str]()

    async def take(owner: str) -> None:
        await turns.take(owner)
        seen.append(owner)

    waiting = []
    for owner in ("a", "a", "b", "c"):
        waiting.append(asyncio.create_task(take(owner)))
        await asyncio.sleep(0)
    assert seen == ["a", "b"]
    turns.give_back("b")
    await asyncio.sleep(0)
    assert seen == ["a", "b", "c"]
    turns.give_back("a")
    await asyncio.gather(*waiting)
    assert seen == ["a", "b", "c", "a"]


async def test_a_workbook_that_its_library_cannot_bear_is_an_error_of_the_file(pool: ForkPool) -> None:
    """Elements behind a foreign prefix count as what the library takes them for; 1 KB took 1.5 GB and 12 s."""
    far = b'<y:row><y:c r="%s"><y:v>1</y:v></y:c></y:row>'
    sheet = b'<worksheet xmlns="%s" xmlns:y="urn:other"><y:sheetData>%s%s</y:sheetData></worksheet>'
    bomb = hand_made(sheet % (NAMESPACE, far % b"A1", far % b"XFD1048576"), strings("phone"))
    with pytest.raises(InvalidCsv, match="too large when it is unpacked"):
        await ContactReader(pool, "a").read_numbers(Form(file=bomb), None)


@pytest.mark.parametrize("kind", ["file", "JSON"])
async def test_what_costs_too_much_is_blamed_on_what_was_sent(
    pool: ForkPool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = ContactReader(pool, "a")
    body = Form(file=b"phone\n") if kind == "file" else JsonBody(b"{}")
    with pytest.raises(InvalidCsv if kind == "file" else TooCostly):
        await reader._run(_abort, body)


def _abort(_: Form | JsonBody) -> None:
    os.abort()
