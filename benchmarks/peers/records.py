"""What a peer keeps in PostgreSQL: a row a contact, a row a dial, three commits a dial; and how it asks the carrier."""

import os
from typing import Any

SCHEMA = """
CREATE TABLE contacts (id int PRIMARY KEY, number text NOT NULL, status text NOT NULL DEFAULT 'pending',
                       outcome text, seconds int, ended_at timestamptz);
CREATE TABLE dials (id bigserial PRIMARY KEY, contact_id int NOT NULL REFERENCES contacts,
                    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(), call_sid text, outcome text,
                    ended_at timestamptz);
CREATE INDEX ON dials (contact_id);
"""
BEGIN = """
WITH dialing AS (UPDATE contacts SET status = 'dialing' WHERE id = %(contact)s RETURNING id, number),
     dial AS (INSERT INTO dials (contact_id) SELECT id FROM dialing RETURNING id)
SELECT dial.id, dialing.number FROM dial, dialing
"""
PLACED = "UPDATE dials SET call_sid = %s WHERE id = %s"
ENDED = """
WITH dial AS (UPDATE dials SET outcome = %(outcome)s, ended_at = clock_timestamp()
              WHERE contact_id = %(contact)s AND ended_at IS NULL)
UPDATE contacts SET status = 'completed', outcome = %(outcome)s, seconds = %(seconds)s, ended_at = clock_timestamp()
WHERE id = %(contact)s
"""

DATABASE = os.environ.get("BENCHMARK_DATABASE", "")
DBOS_DATABASE = DATABASE.rpartition("/")[0] + "/dbos"
CARRIER = os.environ.get("BENCHMARK_CARRIER", "")
RECEIVER = os.environ.get("BENCHMARK_RECEIVER", "")
REDIS = os.environ.get("BENCHMARK_REDIS", "redis://127.0.0.1:6379/0")
TEMPORAL = os.environ.get("BENCHMARK_TEMPORAL", "")
LINES = int(os.environ.get("BENCHMARK_LINES", "50"))
ACCOUNT, TOKEN = "AC" + "7" * 32, "benchmark-token"
CALLS = f"{CARRIER}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
TWIML = '<Response><Connect><Stream url="wss://127.0.0.1:9/agent"/></Connect></Response>'


def form(contact: int, number: str) -> dict[str, str]:
    """The request for a call, with the one callback that a peer needs."""
    url = f"{RECEIVER}/calls/{contact}/events"
    return {"To": number, "From": "+12025550171", "Twiml": TWIML, "StatusCallback": url}


def open_pool(size: int = 10) -> Any:
    """For code that blocks."""
    from psycopg_pool import ConnectionPool  # noqa: PLC0415  of the peers' environment

    return ConnectionPool(DATABASE, min_size=1, max_size=size, kwargs={"autocommit": True}, open=True)


async def open_async_pool(size: int = 10) -> Any:
    from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415

    pool = AsyncConnectionPool(DATABASE, min_size=1, max_size=size, kwargs={"autocommit": True}, open=False)
    await pool.open()
    return pool


async def dial(pool: Any, http: Any, contact: int) -> None:
    """Write the dial down, ask the carrier, write down its call id."""
    async with pool.connection() as connection:
        dial_id, number = await (await connection.execute(BEGIN, {"contact": contact})).fetchone()
    answer = await http.post(CALLS, data=form(contact, number), auth=(ACCOUNT, TOKEN))
    answer.raise_for_status()
    async with pool.connection() as connection:
        await connection.execute(PLACED, (answer.json()["sid"], dial_id))


def dial_blocking(pool: Any, http: Any, contact: int) -> None:
    """The same, for code that blocks."""
    with pool.connection() as connection:
        dial_id, number = connection.execute(BEGIN, {"contact": contact}).fetchone()
    answer = http.post(CALLS, data=form(contact, number), auth=(ACCOUNT, TOKEN))
    answer.raise_for_status()
    with pool.connection() as connection:
        connection.execute(PLACED, (answer.json()["sid"], dial_id))
