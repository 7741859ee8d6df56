"""Celery on Redis: a task a contact, in threads, acknowledged late, visible again after 60 s."""

from typing import Any

import httpx
import redis
from celery import Celery
from celery.signals import worker_init, worker_ready

from benchmarks.peers import records

app = Celery("benchmarks.peers.celery_worker", broker=records.REDIS)
app.conf.update(
    task_ignore_result=True, task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1
)
app.conf.broker_transport_options = {"visibility_timeout": 60}
parts: dict[str, Any] = {}


@worker_init.connect
def open_parts(**_: Any) -> None:
    parts["pool"], parts["http"] = records.open_pool(), httpx.Client(trust_env=False)
    parts["redis"] = redis.Redis.from_url(records.REDIS, socket_timeout=None)  # it waits as long as a call lasts


@worker_ready.connect
def tell(**_: Any) -> None:
    print("is ready", flush=True)


@app.task
def call(contact: int) -> None:
    records.dial_blocking(parts["pool"], parts["http"], contact)
    parts["redis"].blpop(f"ended:{contact}", timeout=0)


def submit(contacts: range) -> None:
    for contact in contacts:
        call.delay(contact)
