"""A worker stands still for forty seconds between claim and request, or between request and answer."""

import os
import signal
import time

import psycopg
import pytest

from tests.end_to_end.batch import Batch
from tests.end_to_end.batches.holding import Proxy
from tests.end_to_end.live_stack import LiveStack, until
from tests.end_to_end.numbers import Numbers, contacts

SPEED = 30
CONTACTS = 400
STOPPED_SECONDS = 40
pytestmark = pytest.mark.soak


def test_a_worker_stopped_before_its_requests_left_dials_nobody_twice() -> None:
    with LiveStack.running("--speed", str(SPEED), "--workers", "2") as stack:
        batch = Batch.create(stack, contacts(Numbers().some(CONTACTS)), maxAttempts=2)
        until(lambda: batch.live() >= 30, 30, every=0.2)
        stopped = stop_between_claim_and_answer(batch)
        batch.wait_until_completed(300)
        print(f"{stopped} dials were claimed and unanswered when the worker stopped")

        assert (
            batch.complaints(speed=SPEED, unknown=CONTACTS // 20, unheard=CONTACTS // 50, unsent=CONTACTS // 20) == []
        )
        assert batch.ledger_complaints() == []


def test_a_worker_stopped_before_it_read_the_answers_dials_nobody_twice() -> None:
    with (
        Proxy().running() as proxy,
        LiveStack.running("--speed", str(SPEED), "--workers", "2", "--carrier-url", proxy.url) as stack,
    ):
        proxy.target = stack.ready["carrier"]["url"]
        batch = Batch.create(stack, contacts(Numbers().some(CONTACTS)), maxAttempts=2)
        until(lambda: batch.live() >= 30, 30, every=0.2)
        proxy.holding.set()
        time.sleep(0.5)
        stack.kill("workers", 0, signal.SIGSTOP)
        proxy.holding.clear()
        proxy.let_go.set()
        time.sleep(STOPPED_SECONDS)
        stack.kill("workers", 0, signal.SIGCONT)
        batch.wait_until_completed(300)
        print(f"{proxy.held} answers were held back from both workers")

        assert (
            batch.complaints(speed=SPEED, unknown=CONTACTS // 20, unheard=CONTACTS // 50, unsent=CONTACTS // 20) == []
        )
        assert batch.ledger_complaints() == []


def stop_between_claim_and_answer(batch: Batch) -> int:
    """Stop one worker at an instant when it has claimed dials that the carrier did not answer yet; how many."""
    pid = batch.stack.pid("workers", 0)
    with psycopg.connect(batch.stack.ready["database"]["url"], autocommit=True) as connection:
        for _ in range(200):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.3)  # the other worker's dials have an id by then
            row = connection.execute("SELECT count(*) FROM dials WHERE call_id IS NULL AND ended_at IS NULL").fetchone()
            assert row is not None
            if row[0]:
                time.sleep(STOPPED_SECONDS)
                os.kill(pid, signal.SIGCONT)
                return int(row[0])
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)
    raise AssertionError("the worker was never between claim and answer")
