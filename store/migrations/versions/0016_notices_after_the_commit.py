"""Triggers and statements announce; NOTIFY follows the commit (`store/db/notices.py`)."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The client hears it with the statement's result. What was said in a transaction is not said again: ten thousand
# contacts that are cancelled are one word for an endpoint. Set for the transaction, the list ends with it.
ANNOUNCE = """
    CREATE FUNCTION announce(channel varchar, payload varchar) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      said text := coalesce(current_setting('outdial.announced', true), '');
      word text := channel || ' ' || payload || E'\\n';
    BEGIN
      IF strpos(said, word) = 0 THEN
        PERFORM set_config('outdial.announced', said || word, true);
        RAISE NOTICE USING ERRCODE = 'ODNTC', MESSAGE = channel, DETAIL = payload;
      END IF;
    END $$
"""
# The rest of the functions stays as the migrations before wrote it.
REPLACE = """
    DO $do$
    DECLARE name text;
    BEGIN
      FOREACH name IN ARRAY ARRAY['tell_contact_finished(contacts, varchar[])', 'credits_moved()'] LOOP
        EXECUTE replace(pg_get_functiondef(name::regprocedure), '{before}(', '{after}(');
      END LOOP;
    END $do$
"""


def upgrade() -> None:
    op.execute(ANNOUNCE)
    op.execute(REPLACE.format(before="pg_notify", after="announce"))


def downgrade() -> None:
    op.execute(REPLACE.format(before="announce", after="pg_notify"))
    op.execute("DROP FUNCTION announce(varchar, varchar)")
