"""One JSON object per line on stderr: what happened and where, never what somebody typed."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit.logger

ROOT = Path(__file__).resolve().parents[1]
OURS = ("compound_coverage", "dashboard")
LONGEST_MESSAGE = 300
SERVER_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.asgi", "uvicorn.access", "websockets")

request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON.

    Our own messages are written out. Of anybody else's only the first line of the template is,
    without what would be filled in: a library may fill in an address with its query, or a value.
    Of an exception the types and places are written, not the message, for the same reason.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line, without a line end."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "request_id": request_id.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            entry["exceptions"] = list(_exceptions(record.exc_info[1]))
        return json.dumps(entry, ensure_ascii=True)


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()[:LONGEST_MESSAGE]
    return str(record.msg).strip().partition("\n")[0][:LONGEST_MESSAGE]


def _exceptions(error: BaseException) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield {
            "type": type(following).__qualname__,
            "at": [
                place(frame.filename, frame.lineno)
                for frame in traceback.extract_tb(following.__traceback__)
            ],
        }
        following = following.__cause__ or following.__context__


def place(filename: str, line: int | None) -> str:
    """``file:line``, the file as seen from the project or from the folder of libraries."""
    name = Path(filename).as_posix().rpartition("/site-packages/")[2]
    return f"{name.removeprefix(f'{ROOT.as_posix()}/')}:{line}"


def set_up(level: str) -> None:
    """Sends every logger of this process through one handler that writes JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.setLevel(level)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    _take_over_streamlit()
    for name in SERVER_LOGGERS:
        _to_root(logging.getLogger(name))
    # the one line per request is ours; uvicorn's would hold the query
    logging.getLogger("uvicorn.access").propagate = False
    warnings.showwarning = _log_warning
    threading.excepthook = _log_thread


def _take_over_streamlit() -> None:
    # Streamlit gives each of its loggers a handler of its own, also to those made later
    streamlit.logger.setup_formatter = _to_root
    streamlit.logger.update_formatter()


def _to_root(logger: logging.Logger) -> None:
    logger.handlers = []
    logger.propagate = True


def _log_warning(
    message: Warning | str,  # noqa: ARG001 (it may hold a value)
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,  # noqa: ARG001
    line: object = None,  # noqa: ARG001
) -> None:
    logging.getLogger(__name__).warning("%s at %s", category.__qualname__, place(filename, lineno))


def _log_thread(hook: threading.ExceptHookArgs) -> None:
    if hook.exc_value is not None:
        logging.getLogger(__name__).error("A thread ended early", exc_info=hook.exc_value)
