"""The contacts of an ended job by status, in its row: a list of a hundred jobs need not count a million contacts.

Kept by triggers, whoever writes. They are made with the update that ends the job, if nobody is on the phone any more,
else with the first one after that; and anew when what is learned of a call later changes a contact. Whoever changes
contacts holds the lock of the organization's row.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
brief = "Before the first release: no older version runs beside it."

ENDED = "('completed', 'failed', 'cancelled')"
COUNT_ALL = f"UPDATE batch_jobs SET status = status WHERE status IN {ENDED}"  # noqa: S608 - our own constants
OPEN = "('pending', 'queued', 'dialing')"
COUNT = f"""
    CREATE FUNCTION count_ended_job() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.ended_counts := NULL;
      IF NEW.status IN {ENDED} THEN
        SELECT json_object_agg(status, contacts) INTO NEW.ended_counts
        FROM (
          SELECT status, count(*) AS contacts FROM contacts WHERE job_id = NEW.id GROUP BY status ORDER BY status
        ) AS counted
        HAVING bool_and(status NOT IN {OPEN});
      END IF;
      RETURN NEW;
    END $$
"""  # noqa: S608 - our own constants
COUNT_JOB = f"""
    CREATE TRIGGER count_ended_job BEFORE UPDATE ON batch_jobs FOR EACH ROW
    WHEN ((NEW.status IN {ENDED}) = (NEW.ended_counts IS NULL)) EXECUTE FUNCTION count_ended_job()
"""
FORGET = """
    CREATE FUNCTION count_ended_job_again() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE batch_jobs SET ended_counts = NULL WHERE id = NEW.job_id AND ended_counts IS NOT NULL;
      RETURN NULL;
    END $$
"""
FORGET_JOB = f"""
    CREATE TRIGGER count_ended_job_again AFTER UPDATE OF status ON contacts FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND OLD.status NOT IN {OPEN}) EXECUTE FUNCTION count_ended_job_again()
"""


def upgrade() -> None:
    op.add_column("batch_jobs", sa.Column("ended_counts", sa.JSON))
    for statement in (COUNT, COUNT_JOB, FORGET, FORGET_JOB):
        op.execute(statement)
    op.execute(COUNT_ALL)


def downgrade() -> None:
    op.execute("DROP TRIGGER count_ended_job_again ON contacts")
    op.execute("DROP FUNCTION count_ended_job_again()")
    op.execute("DROP TRIGGER count_ended_job ON batch_jobs")
    op.execute("DROP FUNCTION count_ended_job()")
    op.drop_column("batch_jobs", "ended_counts")
