"""The log says what happened, to which request, how long it took; never what somebody typed."""

import json
import logging
import sys
import threading
import warnings

import pytest
import streamlit.logger

from dashboard import logs
from tests.server.conftest import Lines, socket_url, through_proxy, visitor

TYPED = "Maria-Mustermarker"


def formatted(record):
    line = logs.JsonLines().format(record)
    assert "\n" not in line
    return json.loads(line)


def record(name, message, *arguments, error=None):
    information = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.INFO, __file__, 1, message, arguments, information)


def raised(error, cause=None):
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def test_each_request_is_one_line_with_method_path_status_and_time(log):
    answer = visitor().get("/seen?name=x")
    (entry,) = log.entries
    assert entry["request_id"] == answer.headers["X-Request-ID"]
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/seen", 200)
    assert entry["milliseconds"] >= 0
    assert entry["level"] == "INFO"
    assert entry["time"].endswith("+00:00")


def test_ids_in_a_path_stay(log):
    visitor().get("/media/0a1b2c3d4e.pdf")
    assert log.entries[0]["path"] == "/media/0a1b2c3d4e.pdf"


def test_a_websocket_is_one_line_too(log):
    client = visitor()
    with client.websocket_connect(
        f"{socket_url(client)}?token=1", headers={"Origin": "http://127.0.0.1:8501"}
    ) as socket:
        socket.receive_text()
    entry = log.entries[-1]
    assert (entry["method"], entry["path"], entry["status"]) == ("WEBSOCKET", "/socket", 101)


def test_nothing_typed_stands_in_the_log_wherever_it_was_typed(log):
    client = visitor(x_typed=TYPED, cookie=f"name={TYPED}", user_agent=TYPED, referer=TYPED)
    client.get(f"/seen?name={TYPED}")
    client.get("/failing")
    client.get("/seen", headers={"Host": f"{TYPED}.example"})
    client.post("/taken", data={"name": TYPED})
    client.post("/taken", data={"name": TYPED}, headers={"Origin": f"http://{TYPED}.example"})
    through_proxy(x_request_id=f"{TYPED} typed").get("/seen")
    assert len(log.entries) == 7
    assert TYPED.casefold() not in log.text.casefold()


def test_a_failure_is_logged_by_type_and_place_under_its_requests_id(log):
    answer = visitor(x_typed=TYPED).get("/failing")
    failure = log.entries[0]
    assert answer.status_code == 500
    assert answer.text == "Something went wrong on our side."
    assert failure["request_id"] == answer.headers["X-Request-ID"]
    assert failure["exceptions"][0]["type"] == "ValueError"
    assert failure["exceptions"][0]["at"][-1].startswith("tests/server/conftest.py:")


def test_a_failure_after_the_answer_began_is_logged_and_ends_the_answer(log):
    visitor().get("/failing-late")
    assert log.entries[0]["message"] == "The request failed"
    assert log.entries[1]["status"] == 200


def test_a_very_long_path_is_cut(log):
    visitor().get("/" + "x" * 5000)
    assert len(log.entries[0]["path"]) == 200


def test_our_own_messages_are_written_out():
    assert formatted(record("dashboard.x", "draft %s", "d1"))["message"] == "draft d1"
    assert formatted(record("compound_coverage", "read"))["message"] == "read"


@pytest.mark.parametrize("name", ["streamlit.web", "uvicorn.error", "dashboards", "httpx"])
def test_of_a_librarys_message_only_the_template_is_written(name):
    entry = formatted(record(name, "Error: %s\nDetails %s", TYPED, TYPED))
    assert entry["message"] == "Error: %s"


def test_a_message_in_several_lines_gives_its_first():
    message = f"Task exception was never retrieved\nfuture: <ValueError('{TYPED}')>"
    assert formatted(record("asyncio", message))["message"] == "Task exception was never retrieved"


def test_a_chain_of_errors_is_told_without_any_message():
    error = raised(ValueError(TYPED), raised(KeyError(TYPED)))
    entry = formatted(record("streamlit", "Uncaught app execution", error=error))
    assert [each["type"] for each in entry["exceptions"]] == ["ValueError", "KeyError"]
    assert TYPED not in json.dumps(entry)


def test_errors_that_cause_each_other_end():
    first, second = raised(ValueError()), raised(KeyError())
    first.__cause__, second.__cause__ = second, first
    assert len(formatted(record("x", "m", error=first))["exceptions"]) == 2


def test_a_place_is_told_from_the_project_or_the_libraries():
    assert logs.place(str(logs.ROOT / "dashboard" / "x.py"), 3) == "dashboard/x.py:3"
    assert logs.place("/any/site-packages/streamlit/x.py", 3) == "streamlit/x.py:3"


@pytest.fixture
def everything(monkeypatch):
    """The whole process logs in JSON lines while the test runs."""
    root = logging.getLogger()
    names = [*logs.SERVER_LOGGERS, *logs.OURS, *streamlit.logger._loggers]
    before = {
        name: (logger.handlers, logger.propagate, logger.level)
        for name in names
        for logger in [logging.getLogger(name)]
    }
    monkeypatch.setattr(root, "handlers", root.handlers)
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(streamlit.logger, "setup_formatter", streamlit.logger.setup_formatter)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.set_up("INFO")
    lines = Lines()
    root.handlers = [lines]
    yield lines
    for name, (handlers, propagate, level) in before.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def test_streamlits_loggers_write_the_same_lines_also_those_made_later(everything):
    streamlit.logger.get_logger("streamlit.web.cli").warning("Early %s", TYPED)
    streamlit.logger.get_logger("streamlit.made.later").warning("Late %s", TYPED)
    streamlit.logger.update_formatter()
    streamlit.logger.get_logger("streamlit.made.later").warning("Still %s", TYPED)
    assert [entry["message"] for entry in everything.entries] == ["Early %s", "Late %s", "Still %s"]


def test_uvicorns_own_line_per_request_is_off(everything):
    logging.getLogger("uvicorn.access").info("%s %s", "GET", f"/?name={TYPED}")
    assert everything.entries == []


def test_a_warning_tells_its_kind_and_place_not_its_text(everything):
    warnings.showwarning(UserWarning(TYPED), UserWarning, __file__, 7)
    assert everything.entries[0]["message"] == "UserWarning at tests/server/test_logs.py:7"


def test_an_error_in_a_thread_tells_its_type_not_its_text(everything):
    thread = threading.Thread(target=lambda: (_ for _ in ()).throw(ValueError(TYPED)))
    thread.start()
    thread.join()
    assert everything.entries[0]["exceptions"][0]["type"] == "ValueError"
    assert TYPED not in everything.text


def test_lines_go_to_stderr(everything):
    logs.set_up("ERROR")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    assert handler.level == logging.ERROR
