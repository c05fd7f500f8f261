"""The API for other programs, mounted beside the pages on the same dataset and drug lists."""

from __future__ import annotations

import logging
import threading

from starlette.routing import BaseRoute, Mount

from compound_coverage.api.service import MOUNTED_AT, api
from dashboard.parts import dataset, dataset_folder, drug_lists, plan_index

_CONTEXT = "streamlit.runtime.scriptrunner_utils.script_run_context"
_WORKERS = "AnyIO worker thread"


def api_routes() -> list[BaseRoute]:
    """The routes below /api/v1, for ``server(extra_routes=...)``."""
    logging.getLogger(_CONTEXT).addFilter(_is_about_a_page)
    return [Mount(MOUNTED_AT, app=api(dataset, dataset_folder, drug_lists, plan_index))]


def _is_about_a_page(record: logging.LogRecord) -> bool:
    # Streamlit's caches are shared with the pages; filled from here they find no page to show
    # a spinner on, which is no fault
    del record
    return not threading.current_thread().name.startswith(_WORKERS)
