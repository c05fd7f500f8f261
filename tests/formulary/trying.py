"""Feeds a source whatever a property test made up, and holds it to all or nothing."""

import os

from hypothesis import HealthCheck, settings
from sqlalchemy import func, select

from compound_coverage.formulary.archives import ArchiveError
from compound_coverage.formulary.importer import ImportFault, import_paths
from compound_coverage.formulary.tables import RELEASE

# `make fuzz` asks for the long edition
EXAMPLES = 1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 40
relaxed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def tried(engine, folder, files, source):
    """Either read == kept + set aside, or a fault that leaves everything as it was."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    counting = select(func.count()).select_from(RELEASE)
    with engine.connect() as connection:
        before = connection.scalar(counting)
    try:
        [report] = import_paths(engine, [folder], [source])
    except (ImportFault, ArchiveError):
        with engine.connect() as connection:
            assert connection.scalar(counting) == before
    else:
        assert report.rows_read == report.rows_kept + report.rows_set_aside
