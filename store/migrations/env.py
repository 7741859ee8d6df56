"""Where Alembic runs the migrations, each in a transaction of its own: for `store.db.engine.migrate`."""

from alembic import context

from store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=True,  # what one has locked does not wait for the others
)
with context.begin_transaction():
    context.run_migrations()
