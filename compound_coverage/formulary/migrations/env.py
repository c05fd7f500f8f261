"""Alembic runs this; the connection comes from ``store.open_store``."""

from alembic import context

from compound_coverage.formulary.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
context.run_migrations()
