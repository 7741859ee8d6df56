"""Where Alembic runs the migrations: within the transaction of `store.db.engine.migrate`."""

from alembic import context
from sqlalchemy import text

from store.tables import metadata

LOCK_TIMEOUT = "5s"  # a migration that waits for a table makes everybody behind it wait too

connection = context.config.attributes["connection"]
connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
