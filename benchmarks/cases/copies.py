"""Many jobs in the database: copies of one that ended."""

import psycopg
from psycopg import sql

COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position"""
JOB = "left(job_id, 20) || '_' || n"
LISTED = """
    UPDATE organizations o SET listed_jobs = (SELECT count(*) FROM batch_jobs j WHERE j.organization_id = o.id)"""
COPIED = {  # table: column of the job's id, what is new in each copy
    "batch_jobs": ("id", {"id": "left(id, 20) || '_' || n", "created_at": "created_at - n * interval '1 minute'"}),
    "contacts": ("job_id", {"id": "id || '_' || n", "job_id": JOB, "dial_id": "NULL"}),
    "dials": (
        "job_id",
        {
            "id": "id || '_' || n",
            "job_id": JOB,
            "contact_id": "contact_id || '_' || n",
            "call_id": "call_id || '_' || n",
        },
    ),
}


def copy_job(database: str, job: str, first: int, last: int) -> None:
    """Copy an ended job with its contacts and dials, as number `first` to `last`, and have PostgreSQL look at them."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no notices, no audit
        for table, (key, new) in COPIED.items():
            names = [name for (name,) in connection.execute(COLUMNS, [table]).fetchall()]
            values = sql.SQL(", ").join(sql.SQL(new[name]) if name in new else sql.Identifier(name) for name in names)
            insert = sql.SQL(
                "INSERT INTO {table} ({names}) SELECT {values} FROM {table}, generate_series(%s::int, %s::int) AS n"
                " WHERE {key} = %s"
            ).format(
                table=sql.Identifier(table),
                names=sql.SQL(", ").join(map(sql.Identifier, names)),
                values=values,
                key=sql.Identifier(key),
            )
            connection.execute(insert, [first, last, job])
        connection.execute(LISTED)
        connection.execute("ANALYZE")
