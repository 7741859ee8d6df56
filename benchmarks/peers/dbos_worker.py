"""DBOS: a durable workflow a contact, on a queue that polls every 0.1 s. `python -m benchmarks.peers.dbos_worker`"""

import threading
from typing import Any

import httpx
from dbos import DBOS, DBOSClient

from benchmarks.peers import records

parts: dict[str, Any] = {}


@DBOS.step()
def dial(contact: int) -> None:
    records.dial_blocking(parts["pool"], parts["http"], contact)


@DBOS.workflow()
def call(contact: int) -> None:
    dial(contact)
    DBOS.recv("ended", timeout_seconds=3600)


def submit(contacts: range) -> None:
    client = DBOSClient(system_database_url=records.DBOS_DATABASE)
    for contact in contacts:
        wanted = {"queue_name": "calls", "workflow_name": call.__qualname__, "workflow_id": f"call-{contact}"}
        client.enqueue(wanted, contact)


if __name__ == "__main__":
    parts["pool"], parts["http"] = records.open_pool(), httpx.Client(trust_env=False)
    DBOS(config={"name": "benchmark", "system_database_url": records.DBOS_DATABASE, "log_level": "WARNING"})
    DBOS.launch()
    DBOS.register_queue("calls", global_concurrency=records.LINES, polling_interval_sec=0.1)
    print("is ready", flush=True)
    threading.Event().wait()
