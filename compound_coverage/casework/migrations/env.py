"""Alembic runs this; the connection comes from ``desk.open_casework``."""

from alembic import context

from compound_coverage.casework.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
