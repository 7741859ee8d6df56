"""What a contact costs while few or many others wait, and with few or many jobs in the database."""

import time
from typing import Any

import psycopg

from benchmarks.cases.calls import APPLICATION, Calls, measure
from benchmarks.cases.copies import copy_job
from benchmarks.cases.intake import tomorrow
from benchmarks.meter import Meter
from benchmarks.outdial import Outdial
from benchmarks.suite import Bench, Case

FEW, REPEATED = 100, 5
OF_ONE_JOB, JOBS = 10_000, 10
WATCHED = 1000  # contacts, while the others wait
IN_DATABASE = 10_000  # jobs that ended,
OF_EACH = 20  # with so many contacts and dials each
WARM_UP = 200
END_SECONDS = 60
TIMEOUT_SECONDS = 240
FINAL = """
    SELECT count(*) FROM contacts
    WHERE id = ANY (SELECT contact_id FROM dials WHERE ended_at > to_timestamp(%s))"""


def run(bench: Bench) -> dict[str, Any]:
    """CPU ms a contact: jobs of 100; the same with 10,000 jobs in the database; ten jobs of 10,000 at once."""
    with bench.outdial(0, environment={}) as outdial:
        _job(outdial, WARM_UP)
        few = _jobs_of_few(outdial)
        _job(outdial, OF_EACH)
        copy_job(outdial.database, outdial.job, 1, IN_DATABASE)
        with_jobs = _jobs_of_few(outdial)
    with bench.outdial(0, environment={}) as outdial:
        _job(outdial, WARM_UP)
        many = _many_open(outdial)
    return {"few": few, "with_jobs": with_jobs, "many": many, "contacts": many / few, "jobs": with_jobs / few}


def _job(outdial: Outdial, contacts: int) -> float:
    cpu: float = measure(outdial, Calls(contacts, 0))["cpu"]
    outdial.wait_until_completed(END_SECONDS)
    return cpu


def _jobs_of_few(outdial: Outdial) -> float:
    return sum(_job(outdial, FEW) for _ in range(REPEATED)) / REPEATED


def _many_open(outdial: Outdial) -> float:
    """CPU ms a contact from the moment on in which all are accepted, over a thousand of them."""
    numbers = outdial.take_numbers(OF_ONE_JOB)
    shift = OF_ONE_JOB // JOBS  # no number is dialed by two jobs at once
    jobs = [
        outdial.create(numbers[job * shift :] + numbers[: job * shift], scheduledStartTime=tomorrow(), timezone="UTC")
        for job in range(JOBS)
    ]
    for job_id in jobs:
        outdial.ask("POST", f"/batch/jobs/{job_id}/start", json={})
    began, meter = time.time(), Meter(outdial.kinds())
    with psycopg.connect(outdial.database, autocommit=True, application_name=APPLICATION) as connection:
        done = 0
        while done < WATCHED and time.time() - began < TIMEOUT_SECONDS:
            time.sleep(0.5)
            row = connection.execute(FINAL, [began]).fetchone()
            done = row[0] if row else 0
    return meter.read().total * 1000 / done


GROWTH = Case("growth", run, rounds=1, in_small=False)
