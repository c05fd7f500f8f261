"""A page is not taken for at rest before a slow server has answered."""

import signal
import threading

import pytest

from tests.server.practice import visit
from tools.browser import settle

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("servers")]

SECONDS_ASLEEP = 1.5


def test_what_a_server_that_sleeps_will_draw_is_waited_for(chromium, practice):
    page = visit(chromium, practice, "/")
    server = practice.replicas[0].process
    server.send_signal(signal.SIGSTOP)
    wakes = threading.Timer(SECONDS_ASLEEP, server.send_signal, [signal.SIGCONT])
    wakes.start()
    try:
        page.get_by_role("button", name="Leer esto en español").click()
        settle(page)
        assert page.get_by_role("button", name="Read this in English").is_visible()
    finally:
        wakes.join()
    page.context.close()
